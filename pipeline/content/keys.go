package content

import (
	"bytes"
	"encoding/asn1"
	"slices"
)

// keyMarks are texts of which a text with a key has one: nearly all have none,
// and are not looked at line by line.
var keyMarks = [][]byte{[]byte("-----BEGIN "), []byte("Key: ("), []byte("PuTTY-User-Key-File-"), []byte("AAAA")}

// keyText knows keys and certificates in text: of several in one file a
// private key counts most. Source: RFC 7468, RFC 4716, RFC 9580, PROTOCOL.key
// of OpenSSH, PuTTY's documentation appendix C.
func keyText(text []byte) (Facts, bool) {
	var found Facts
	rank := func(f Facts) {
		order := []string{PublicKey, Certificate, PrivateKey}
		if slices.Index(order, f.Kind) > slices.Index(order, found.Kind) {
			found = f
		}
	}
	if !slices.ContainsFunc(keyMarks, func(mark []byte) bool { return bytes.Contains(text, mark) }) {
		return found, false
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n \t")
		if label, ok := bytes.CutPrefix(line, []byte("-----BEGIN ")); ok {
			if label, ok = bytes.CutSuffix(label, []byte("-----")); ok {
				rank(pemKind(string(label)))
			}
			continue
		}
		if bytes.HasPrefix(line, []byte("Key: (private-key")) || bytes.HasPrefix(line, []byte("Key: (protected-private-key")) {
			rank(Facts{Kind: PrivateKey, Format: "gnupg"})
		}
		if bytes.HasPrefix(line, []byte("PuTTY-User-Key-File-")) {
			rank(Facts{Kind: PrivateKey, Format: "putty"})
		}
		if isOpenSSHPublic(line) {
			rank(Facts{Kind: PublicKey, Format: "openssh"})
		}
	}
	return found, found.Kind != ""
}

// pemKind tells the kind of a block by its label.
func pemKind(label string) Facts {
	switch label {
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "ANY PRIVATE KEY":
		return Facts{Kind: PrivateKey, Format: "pem"}
	case "OPENSSH PRIVATE KEY", "SSH2 ENCRYPTED PRIVATE KEY":
		return Facts{Kind: PrivateKey, Format: "openssh"}
	case "PGP PRIVATE KEY BLOCK":
		return Facts{Kind: PrivateKey, Format: "pgp"}
	case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE", "PKCS7", "CMS":
		return Facts{Kind: Certificate, Format: "pem"}
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return Facts{Kind: PublicKey, Format: "pem"}
	case "PGP PUBLIC KEY BLOCK":
		return Facts{Kind: PublicKey, Format: "pgp"}
	}
	return Facts{}
}

// opensshTypes are the types of public keys that OpenSSH writes.
var opensshTypes = []string{
	"ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
}

// isOpenSSHPublic reports whether a line is a public key as OpenSSH writes it:
// type, and the key in base64, which begins with the length of the type. In
// authorized_keys options may stand in front, in known_hosts names.
func isOpenSSHPublic(line []byte) bool {
	return slices.ContainsFunc(opensshTypes, func(t string) bool {
		i := bytes.Index(line, []byte(t+" AAAA"))
		return i == 0 || i > 0 && line[i-1] == ' '
	})
}

// derKey knows keys and certificates in DER, by their outline: one sequence
// that fills the file, and the types of its first parts. Nothing is computed
// with them.
func derKey(head []byte, size int64) (Facts, bool) {
	if int64(len(head)) != size || head[0] != 0x30 {
		return Facts{}, false
	}
	parts, ok := sequence(head)
	if !ok || len(parts) == 0 {
		return Facts{}, false
	}
	switch first, tags := parts[0], tagsOf(parts); {
	// Certificate: tbsCertificate with its version, algorithm, signature
	case first.Tag == asn1.TagSequence && slices.Equal(tags, []int{asn1.TagSequence, asn1.TagSequence, asn1.TagBitString}):
		if inner, ok := sequence(first.FullBytes); ok && len(inner) >= 6 && (inner[0].Class == asn1.ClassContextSpecific || inner[0].Tag == asn1.TagInteger) {
			return Facts{Kind: Certificate, Format: "der"}, true
		}
	// SubjectPublicKeyInfo: algorithm, key
	case slices.Equal(tags, []int{asn1.TagSequence, asn1.TagBitString}) && startsWithOID(first):
		return Facts{Kind: PublicKey, Format: "der"}, true
	// EncryptedPrivateKeyInfo: algorithm, data
	case slices.Equal(tags, []int{asn1.TagSequence, asn1.TagOctetString}) && startsWithOID(first):
		return Facts{Kind: PrivateKey, Format: "der"}, true
	case first.Tag != asn1.TagInteger || first.Class != asn1.ClassUniversal || len(first.Bytes) != 1:
	// RSAPrivateKey: version, eight numbers
	case first.Bytes[0] <= 1 && len(tags) >= 9 && !slices.ContainsFunc(tags[:9], func(t int) bool { return t != asn1.TagInteger }):
		return Facts{Kind: PrivateKey, Format: "der"}, true
	// PrivateKeyInfo: version, algorithm, key
	case first.Bytes[0] <= 1 && len(tags) >= 3 && tags[1] == asn1.TagSequence && tags[2] == asn1.TagOctetString && startsWithOID(parts[1]):
		return Facts{Kind: PrivateKey, Format: "der"}, true
	// ECPrivateKey: version 1, key, curve
	case first.Bytes[0] == 1 && len(tags) >= 2 && tags[1] == asn1.TagOctetString && (len(parts) == 2 || parts[2].Class == asn1.ClassContextSpecific):
		return Facts{Kind: PrivateKey, Format: "der"}, true
	// PFX: version 3, content
	case first.Bytes[0] == 3 && len(tags) >= 2 && tags[1] == asn1.TagSequence && startsWithOID(parts[1]):
		return Facts{Kind: Keystore, Format: "pkcs12"}, true
	}
	return Facts{}, false
}

// openPGPKey knows keys in OpenPGP's binary form: a packet of a public or
// secret key, of version 4, that fits into the file. Source: RFC 9580, chapter 5.
func openPGPKey(head []byte, size int64) (Facts, bool) {
	const oldPublic, oldSecret = 0x99, 0x95 // packet tags 6 and 5, with a length of two bytes
	if len(head) < 10 || head[0] != oldPublic && head[0] != oldSecret || head[3] != 4 {
		return Facts{}, false
	}
	length, algorithm := int64(head[1])<<8|int64(head[2]), int(head[8])
	known := algorithm >= 1 && algorithm <= 3 || algorithm >= 16 && algorithm <= 19 || algorithm == 22 || algorithm >= 25 && algorithm <= 28
	if !known || length < 32 || 3+length > size {
		return Facts{}, false
	}
	if head[0] == oldSecret {
		return Facts{Kind: PrivateKey, Format: "pgp"}, true
	}
	return Facts{Kind: PublicKey, Format: "pgp"}, true
}

// maxParts bounds how many parts of a sequence are looked at.
const maxParts = 16

// sequence returns the first parts of a sequence that is all there is.
func sequence(der []byte) ([]asn1.RawValue, bool) {
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil || len(bytes.Trim(rest, "\r\n")) != 0 || outer.Tag != asn1.TagSequence || outer.Class != asn1.ClassUniversal {
		return nil, false
	}
	var parts []asn1.RawValue
	for rest = outer.Bytes; len(rest) > 0 && len(parts) < maxParts; {
		var part asn1.RawValue
		if rest, err = asn1.Unmarshal(rest, &part); err != nil {
			return nil, false
		}
		parts = append(parts, part)
	}
	return parts, true
}

func tagsOf(parts []asn1.RawValue) []int {
	tags := make([]int, len(parts))
	for i, p := range parts {
		tags[i] = p.Tag
	}
	return tags
}

func startsWithOID(part asn1.RawValue) bool {
	inner, ok := sequence(part.FullBytes)
	return ok && len(inner) > 0 && inner[0].Tag == asn1.TagOID
}
