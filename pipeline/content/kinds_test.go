package content_test

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/ckexport/ckexport/pipeline/content"
)

// samples are beginnings of files, with what they are.
var samples = []struct{ data, kind, format string }{
	{"", content.Empty, ""},
	{"hello\n", content.Text, "ascii"},
	{"hällo\n", content.Text, "utf-8"},
	{"h\xe4llo\n", content.Text, "iso-8859"},
	{"\xff\xfeh\x00i\x00", content.Text, "utf-16"},
	{"\xfe\xff\x00h\x00i", content.Text, "utf-16"},
	{strings.Repeat("x", 64<<10-1) + "ä", content.Text, "utf-8"}, // cut at the end of what is kept
	{"\x00\x00\x00\x00", content.Data, ""},
	{"binary \x01\x02\x03", content.Data, ""},
	{"\x80\x81\xfe\xff", content.Data, ""},
	{"#!/bin/sh\necho\n", content.Script, ""},
	{"#![allow(unused)]\nfn main() {}\n", content.Text, "ascii"},
	{"#!\n", content.Text, "ascii"},
	{"\x1f\x8b\x08\x00\x00", content.Archive, "gzip"},
	{"\x28\xb5\x2f\xfd\x04", content.Archive, "zstd"},
	{"\xfd7zXZ\x00\x00", content.Archive, "xz"},
	{"BZh91AY&SY\x00", content.Archive, "bzip2"},
	{"PK\x03\x04\x14\x00", content.Archive, "zip"},
	{"!<arch>\ndebian-binary", content.Archive, "ar"},
	{"070701000", content.Archive, "cpio"},
	{"\x00asm\x01\x00\x00\x00", content.Executable, "wasm"},
	{"\xca\xfe\xba\xbe\x00\x00\x00\x3d", content.Executable, "java_class"},
	{"\xca\xfe\xba\xbe\x00\x00\x00\x02", content.Executable, "mach_o"},
	{"SQLite format 3\x00", content.Database, "sqlite3"},
	{"%PDF-1.7\n", content.Document, "pdf"},
	{"\x89PNG\r\n\x1a\n\x00", content.Media, "png"},
	{"\x19\x43\x56\x54\x16\x43\x41\x58", content.Data, "criu_image"},
	{"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n", content.PrivateKey, "openssh"},
	{"-----BEGIN RSA PRIVATE KEY-----\r\nMII\r\n", content.PrivateKey, "pem"},
	{"Bag Attributes\n-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMII\n", content.PrivateKey, "pem"},
	{"-----BEGIN CERTIFICATE-----\nMII\n", content.Certificate, "pem"},
	{"-----BEGIN PUBLIC KEY-----\nMII\n", content.PublicKey, "pem"},
	{"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n", content.PrivateKey, "pgp"},
	{"-----BEGIN SOMETHING-----\n", content.Text, "ascii"},
	{"PuTTY-User-Key-File-3: ssh-ed25519\n", content.PrivateKey, "putty"},
	{"# keys\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@here\n", content.PublicKey, "openssh"},
	{"from=\"10.0.0.1\" ssh-rsa AAAAB3NzaC1yc2E me\n", content.PublicKey, "openssh"},
	{"the type ssh-rsa is old\n", content.Text, "ascii"},
	{"MZ is how it begins, a text of more than sixty-four bytes is still a text\n", content.Text, "ascii"},
	{"(21:protected-private-key(3:rsa", content.PrivateKey, "gnupg"},
	{"Created: 20260101T000000\nKey: (protected-private-key (rsa\n", content.PrivateKey, "gnupg"},
	{"\x99\x00\x33\x04\x58\xcb\xf2\x90\x16" + strings.Repeat("\x02", 60), content.PublicKey, "pgp"},
	{"\x95\x00\x33\x04\x58\xcb\xf2\x90\x16" + strings.Repeat("\x02", 60), content.PrivateKey, "pgp"},
	{"\x95\x01\x33\x04\x58\xcb\xf2\x90\x16" + strings.Repeat("\x02", 60), content.Data, ""},
	{"\x03\xf3\r\n\x9f\x01\x02\x03c\x00", content.Executable, "python_bytecode"},
	{"\x6f\x0d\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xe3", content.Executable, "python_bytecode"},
}

func TestKinds(t *testing.T) {
	for _, c := range samples {
		for _, piece := range []int{1 << 30, 3} {
			if f := factsOf([]byte(c.data), piece); f.Kind != c.kind || f.Format != c.format {
				t.Errorf("%.40q is %s %s, want %s %s", c.data, f.Kind, f.Format, c.kind, c.format)
			}
		}
	}
	pe := make([]byte, 256)
	copy(pe, "MZ")
	binary.LittleEndian.PutUint32(pe[60:], 128)
	copy(pe[128:], "PE\x00\x00")
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Name: "a", Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data         []byte
		kind, format string
	}{{pe, content.Executable, "pe"}, {packed.Bytes(), content.Archive, "tar"}} {
		if f := factsOf(c.data, 100); f.Kind != c.kind || f.Format != c.format {
			t.Errorf("%s %s, want %s %s", f.Kind, f.Format, c.kind, c.format)
		}
	}
}

// TestScripts: program and argument, as the kernel splits them.
func TestScripts(t *testing.T) {
	for line, want := range map[string][2]string{
		"#!/bin/sh\n":                            {"/bin/sh", ""},
		"#! /usr/bin/env  python3 -u \nprint()":  {"/usr/bin/env", "python3 -u"},
		"#!\t/bin/sh\t-e\r\n":                    {"/bin/sh", "-e"},
		"#!python3":                              {"python3", ""},
		"#!./run\n":                              {"./run", ""},
		"#!/bin/sh" + strings.Repeat("x", 10000): {"/bin/sh" + strings.Repeat("x", 247), ""},
	} {
		f := factsOf([]byte(line), 5)
		if f.Kind != content.Script || f.Interpreter != want[0] || f.Arguments != want[1] {
			t.Errorf("%.30q: %s %.30q %q", line, f.Kind, f.Interpreter, f.Arguments)
		}
	}
}

// TestKeysInDER: what crypto/x509 writes is known for what it is.
func TestKeysInDER(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, ec.Public(), ec)
	if err != nil {
		t.Fatal(err)
	}
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for what, c := range map[string]struct {
		der  []byte
		kind string
	}{
		"certificate":       {certificate, content.Certificate},
		"PKCS #1":           {x509.MarshalPKCS1PrivateKey(rsaKey), content.PrivateKey},
		"PKCS #8, RSA":      {must(x509.MarshalPKCS8PrivateKey(rsaKey)), content.PrivateKey},
		"PKCS #8, EC":       {must(x509.MarshalPKCS8PrivateKey(ec)), content.PrivateKey},
		"SEC 1":             {must(x509.MarshalECPrivateKey(ec)), content.PrivateKey},
		"public":            {must(x509.MarshalPKIXPublicKey(ec.Public())), content.PublicKey},
		"a list of numbers": {[]byte{0x30, 6, 2, 1, 1, 2, 1, 2}, content.Data},
		"empty":             {[]byte{0x30, 0}, content.Data},
	} {
		if f := factsOf(c.der, 1000); f.Kind != c.kind {
			t.Errorf("%s is %s", what, f.Kind)
		}
		if f := factsOf(c.der[:len(c.der)-1], 1000); f.Kind == c.kind && c.kind != content.Data {
			t.Errorf("%s, cut, is still %s", what, f.Kind)
		}
		if c.kind == content.PrivateKey {
			block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: c.der})
			if f := factsOf(block, 1000); f.Kind != content.PrivateKey {
				t.Errorf("%s in PEM is %s", what, f.Kind)
			}
		}
	}
}

// TestFileCapabilities: values that setcap wrote, and some that nobody did.
func TestFileCapabilities(t *testing.T) {
	const netRaw = 1 << 13
	for value, want := range map[string]content.FileCapabilities{
		"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00":                 {Version: 2, Permitted: netRaw, Effective: true},
		"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x20\x00\x00\x80\x00\x00\x00\x00\x01\x00\x00":                 {Version: 2, Permitted: 1 << 39, Inheritable: netRaw | 1<<40},
		"\x01\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa0\x86\x01\x00": {Version: 3, Permitted: netRaw, Effective: true, RootUID: new(uint32(100000))},
		"\x01\x00\x00\x01\x00\x20\x00\x00\x00\x00\x00\x00":                                                 {Version: 1, Permitted: netRaw, Effective: true},
	} {
		got, err := content.ReadFileCapabilities(value)
		if err != nil || got.Version != want.Version || got.Permitted != want.Permitted || got.Inheritable != want.Inheritable || got.Effective != want.Effective ||
			(got.RootUID == nil) != (want.RootUID == nil) || want.RootUID != nil && *got.RootUID != *want.RootUID {
			t.Errorf("%x: %+v, %v", value, got, err)
		}
		for cut := range len(value) {
			if _, err := content.ReadFileCapabilities(value[:cut]); err == nil {
				t.Errorf("%x is accepted", value[:cut])
			}
		}
	}
	if _, err := content.ReadFileCapabilities("\x01\x00\x00\x09" + string(make([]byte, 16))); err == nil {
		t.Error("version 9 is accepted")
	}
}

// FuzzFileCapabilities: an answer or an error.
func FuzzFileCapabilities(f *testing.F) {
	f.Add("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	f.Fuzz(func(t *testing.T, value string) {
		if c, err := content.ReadFileCapabilities(value); (c == nil) == (err == nil) {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// TestTextBytes puts every byte at every place of a text: it stays ASCII with
// what file(1) calls text, and only with that.
func TestTextBytes(t *testing.T) {
	for b := range 256 {
		isText := b >= 0x20 && b < 0x7f || b >= 7 && b <= 13 || b == 27
		for at := range 24 {
			text := []byte(strings.Repeat("x~ ", 8))
			text[at] = byte(b)
			var s content.Sniffer
			s.Write(text)
			if f := s.Facts(); isText != (f.Format == "ascii") {
				t.Errorf("with byte %#x at %d: %+v", b, at, f)
			}
		}
	}
}
