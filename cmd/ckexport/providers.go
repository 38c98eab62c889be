package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ckexport/ckexport/objectstore"
	"github.com/ckexport/ckexport/pipeline/source"
	"github.com/ckexport/ckexport/pipeline/source/oci"
	"github.com/ckexport/ckexport/pipeline/source/s3"
)

// places say where inputs and outputs are that are not files of this machine.
type places struct {
	store    objectstore.Options
	registry oci.Options
	catalog  string // the file with the properties of a catalog
}

// storeFlags say where the object store is.
func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "endpoint", Usage: "the object store of s3:// inputs and outputs, an http or https `URL`", DefaultText: "AWS", EnvVars: []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}},
		&cli.StringFlag{Name: "catalog", Usage: "the catalog of iceberg:// outputs, a `FILE` of properties"},
		&cli.StringFlag{Name: "region", Usage: "`NAME` of the object store's region", DefaultText: "the store is asked", EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
	}
}

// placeFlags say where inputs are that are not files of this machine.
func placeFlags() []cli.Flag {
	return append(storeFlags(), &cli.BoolFlag{Name: "plain-http", Usage: "reach the registries of oci:// inputs without TLS"})
}

// placesOf reads placeFlags, or storeFlags.
func placesOf(c *cli.Context) places {
	return places{
		store:    objectstore.Options{Endpoint: c.String("endpoint"), Region: c.String("region")},
		registry: oci.Options{PlainHTTP: c.Bool("plain-http")}, catalog: c.String("catalog"),
	}
}

// checkCatalog refuses an output in a catalog without one, and the reverse.
func checkCatalog(c *cli.Context) error {
	isNamed := slices.ContainsFunc(append(c.Args().Slice(), c.String("output")), func(name string) bool {
		return strings.HasPrefix(strings.ToLower(name), "iceberg://")
	})
	switch {
	case isNamed && c.String("catalog") == "":
		return &usageError{err: errors.New("iceberg:// needs --catalog FILE"), hint: "the file has the properties of the catalog, such as type, uri and warehouse"}
	case !isNamed && c.IsSet("catalog"):
		return &usageError{err: errors.New("--catalog is for outputs iceberg://NAMESPACE, and none is named")}
	}
	return nil
}

// providers returns the kinds of inputs of this build. What belongs to the
// output, if there is one, is no input.
func providers(output string, at places) []source.Provider {
	return []source.Provider{source.Local(output), s3.New(at.store, output), oci.New(at.registry)}
}
