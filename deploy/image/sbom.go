package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

// What SPDX 2.3 asks of a document, and no more:
// https://spdx.github.io/spdx-spec/v2.3/
type spdxDocument struct {
	Version           string             `json:"spdxVersion"`
	DataLicense       string             `json:"dataLicense"`
	ID                string             `json:"SPDXID"`
	Name              string             `json:"name"`
	DocumentNamespace string             `json:"documentNamespace"`
	Comment           string             `json:"comment"`
	CreationInfo      spdxCreation       `json:"creationInfo"`
	Packages          []spdxPackage      `json:"packages"`
	Relationships     []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	ID               string         `json:"SPDXID"`
	Name             string         `json:"name"`
	VersionInfo      string         `json:"versionInfo"`
	DownloadLocation string         `json:"downloadLocation"`
	FilesAnalyzed    bool           `json:"filesAnalyzed"`
	LicenseConcluded string         `json:"licenseConcluded"`
	LicenseDeclared  string         `json:"licenseDeclared"`
	CopyrightText    string         `json:"copyrightText"`
	Checksums        []spdxChecksum `json:"checksums,omitempty"`
	ExternalRefs     []spdxRef      `json:"externalRefs"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxRef struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	Element string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

const none = "NOASSERTION"

// bill returns the list of the modules that a program was built of, as SPDX. The
// linker of C tells of nothing that it put in: the document says so.
func bill(info *buildinfo.BuildInfo, program []byte, version string, created time.Time) ([]byte, error) {
	sum := sha256.Sum256(program)
	digest := hex.EncodeToString(sum[:])
	main := goPackage("SPDXRef-ckexport", info.Main.Path, version)
	main.LicenseDeclared, main.Checksums = "Apache-2.0", []spdxChecksum{{"SHA256", digest}}
	doc := spdxDocument{
		Version: "SPDX-2.3", DataLicense: "CC0-1.0", ID: "SPDXRef-DOCUMENT", Name: "ckexport-" + version,
		DocumentNamespace: "https://" + info.Main.Path + "/sbom/" + digest,
		Comment:           "Modules of Go, as the program tells them. DuckDB is in the module duckdb-go-bindings; libyara, what it links with, and the C and C++ runtimes are those of the system that built the program, and not listed.",
		CreationInfo:      spdxCreation{created.Format(time.RFC3339), []string{"Tool: " + info.Main.Path + "/deploy/image"}},
		Packages:          []spdxPackage{main},
		Relationships:     []spdxRelationship{{"SPDXRef-DOCUMENT", "DESCRIBES", main.ID}},
	}
	modules := append([]*debug.Module{{Path: "std", Version: strings.TrimPrefix(info.GoVersion, "go")}}, info.Deps...)
	for i, m := range modules {
		if m.Replace != nil {
			m = m.Replace
		}
		p := goPackage(fmt.Sprintf("SPDXRef-%d", i), m.Path, m.Version)
		doc.Packages = append(doc.Packages, p)
		doc.Relationships = append(doc.Relationships, spdxRelationship{main.ID, "DEPENDS_ON", p.ID})
	}
	return json.MarshalIndent(doc, "", " ")
}

// goPackage describes a module of Go.
func goPackage(id, path, version string) spdxPackage {
	locator := "pkg:golang/" + path
	if version != "" { // a folder that takes the place of a module has none
		locator += "@" + strings.ReplaceAll(version, "+", "%2B")
	}
	return spdxPackage{
		ID: id, Name: path, VersionInfo: version, DownloadLocation: none, LicenseConcluded: none, LicenseDeclared: none, CopyrightText: none,
		ExternalRefs: []spdxRef{{"PACKAGE-MANAGER", "purl", locator}},
	}
}
