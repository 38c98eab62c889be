// Command image packs a ckexport that is linked statically into a container
// image, as an OCI archive: FROM nothing, with the certificates of public
// authorities, a user, and a list of what is in it. The same program gives the
// same bytes.
package main

import (
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	program := flag.String("program", "bin/image/ckexport", "the program")
	output := flag.String("output", "bin/ckexport.oci.tar", "where to write the image")
	sbom := flag.String("sbom", "bin/ckexport.spdx.json", "where to write the list of what is in it")
	version := flag.String("version", "latest", "the image's tag")
	flag.Parse()
	if err := makeImage(*program, *output, *sbom, *version); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func makeImage(program, output, sbomPath, version string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	created := commitTime(info)
	sbom, err := bill(info, content, version, created)
	if err != nil {
		return err
	}
	if err := os.WriteFile(sbomPath, sbom, 0o644); err != nil {
		return err
	}
	image, err := build(contents{program: content, sbom: sbom}, labels(info, version), setting(info, "GOOS"), setting(info, "GOARCH"), created)
	if err != nil {
		return err
	}
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	if err := write(f, image, version); err != nil {
		f.Close()
		return fmt.Errorf("writing %s: %w", output, err)
	}
	return f.Close()
}

// commitTime is when what was built was committed; without a commit, the time
// that reproducible archives begin with.
func commitTime(info *buildinfo.BuildInfo) time.Time {
	if t, err := time.Parse(time.RFC3339, setting(info, "vcs.time")); err == nil {
		return t.UTC()
	}
	return time.Unix(0, 0).UTC()
}

func setting(info *buildinfo.BuildInfo, key string) string {
	for _, s := range info.Settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// labels are the image's, as the OCI's image specification names them.
func labels(info *buildinfo.BuildInfo, version string) map[string]string {
	const prefix = "org.opencontainers.image."
	list := map[string]string{
		prefix + "title":       "ckexport",
		prefix + "description": "Container checkpoints, as tables",
		prefix + "licenses":    "Apache-2.0",
		prefix + "source":      "https://" + info.Main.Path,
		prefix + "version":     version,
	}
	if revision := setting(info, "vcs.revision"); revision != "" {
		list[prefix+"revision"] = revision
	}
	return list
}

// tagOf makes a tag of a version: git's may have a "+" or begin with "(".
func tagOf(version string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, version)
}
