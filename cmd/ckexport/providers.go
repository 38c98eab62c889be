package main

import (
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
}

// storeFlags say where the object store is.
func storeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "endpoint", Usage: "the object store of s3:// inputs and outputs, an http or https `URL`", DefaultText: "AWS", EnvVars: []string{"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}},
		&cli.StringFlag{Name: "region", Usage: "`NAME` of the object store's region", DefaultText: "the store is asked", EnvVars: []string{"AWS_REGION", "AWS_DEFAULT_REGION"}},
	}
}

// placeFlags say where inputs are that are not files of this machine.
func placeFlags() []cli.Flag {
	return append(storeFlags(), &cli.BoolFlag{Name: "plain-http", Usage: "reach the registries of oci:// inputs without TLS"})
}

// placesOf reads placeFlags, or storeFlags.
func placesOf(c *cli.Context) places {
	return places{objectstore.Options{Endpoint: c.String("endpoint"), Region: c.String("region")}, oci.Options{PlainHTTP: c.Bool("plain-http")}}
}

// providers returns the kinds of inputs of this build. What belongs to the
// output, if there is one, is no input.
func providers(output string, at places) []source.Provider {
	return []source.Provider{source.Local(output), s3.New(at.store, output), oci.New(at.registry)}
}
