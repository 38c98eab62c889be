package textclass

// findPath finds an absolute path, of two or more names, where nothing before it
// says that it is part of something else.
func findPath(word []byte, anchor int) (start, end int) {
	if anchor > 0 && word[anchor-1] != '=' && word[anchor-1] != ':' {
		return 0, 0
	}
	inPath := func(c byte) bool {
		return isToken(c) || c == '/' || c == '.' || c == '+' || c == '@' || c == '%' || c == '~' || c == '#' || c >= 0x80
	}
	end = while(word, anchor, inPath)
	names, letters := 0, 0
	for i := anchor; i < end; i++ {
		if word[i] != '/' && word[i-1] == '/' {
			names++
		}
		if isLetter(word[i]) {
			letters++
		}
	}
	if names < 2 || letters < 3 {
		return 0, 0
	}
	return anchor, end
}
