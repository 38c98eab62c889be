package decode

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// jsonTypes are what JSON is decoded into.
var jsonTypes = []reflect.Type{
	reflect.TypeFor[ociSpec](), reflect.TypeFor[engineConfig](), reflect.TypeFor[criStatus](), reflect.TypeFor[networkStatus](), reflect.TypeFor[[]cniResult](), reflect.TypeFor[dockerCheckpoint](),
	reflect.TypeFor[[]bindMount](), reflect.TypeFor[podOptions](), reflect.TypeFor[podDump](), reflect.TypeFor[podManifest](), reflect.TypeFor[imageManifest](),
	reflect.TypeFor[[]dockerManifest](), reflect.TypeFor[[]string](), reflect.TypeFor[map[string]string](),
}

// FuzzStrictJSON: what unmarshalStrict takes, encoding/json takes too, and
// makes the same of it; of all other JSON unmarshalFitting takes what fits.
func FuzzStrictJSON(f *testing.F) {
	for _, doc := range []string{
		`{"ociVersion":"1.0.2","process":{"terminal":true,"args":["a","\u00e9\n"],"user":{"uid":0,"additionalGids":[1,2]},"capabilities":{"bounding":[]},"oomScoreAdj":-5},` +
			`"mounts":[{"destination":"/","options":null}],"hooks":{"poststop":[{"path":"/h"}]},"linux":{"resources":{"memory":{"limit":-1},"cpu":{"shares":18446744073709551615}}}}`,
		`{"id":"a","createdTime":"2024-05-06T07:08:09.123456789+02:00","checkpointedTime":null,"labels":{"a":"b"},"namedVolumes":[{"volumeName":"v","dest":"/v"}],"spec":{"deep":[[{}]]}}`,
		`{"metadata":{"name":"n","attempt":3},"started_at":1700000000000000000,"labels":null}`,
		`{"podman":{"interfaces":{"eth0":{"subnets":[{"ipnet":"10.0.0.2/16","gateway":"10.0.0.1"}],"mac_address":"aa"}}}}`,
		`[{"interfaces":[{"name":"eth0","mac":"aa","sandbox":"/n"}],"ips":[{"interface":0,"address":"10.0.0.2/16","gateway":"10.0.0.1"}],"ip4":{"ip":"10.0.0.3/16"}}]`,
		`[{"source":"/a","destination":"/b","file_type":"file","permissions":420}]`,
		`{"created":"2017-11-12T00:00:00Z","name":"cp1","tcp":true,"unixSockets":true,"shell":false,"exit":true,"emptyNS":["network"]}`,
		`{"version":2,"sandboxId":"s","containers":[{"name":"a","id":"i","archive":"a.tar","config":{"image":{"image":"b"}},"status":{"metadata":{"attempt":1},"created_at":5,"image_ref":"c"}}]}`,
		`[{"Config":"c.json","RepoTags":["a:b"],"Layers":["l.tar"]}]`,
		`{"manifests":[{"digest":"sha256:0"}],"config":{"digest":"d"},"layers":[],"annotations":{}}`,
		`{"ID":"upper","id":"lower"}`, `{"id":"a","id":"b"}`, `{"OCIVERSION":"1","oci_version":"2","oci-version":"3","proceſs":{"args":[]}}`,
		"{\"name\":\"\xff\"}", `{"name":"\ud800"}`, `{"id":1}`, `{"linux":{"resources":{"pids":{"limit":1e2}}}}`, `{"linux":{"resources":{"pids":{"limit":-0}}}}`,
		`{"createdTime":"2024-05-06T07:08:09,5Z"}`, `{"createdTime":"2024-05-06T7:08:09Z"}`, `{"createdTime":"2024-05-06T07:08:09+24:00"}`, `{"createdTime":"\u0032024-05-06T07:08:09Z"}`,
		`["a",null]`, `null`, `{} x`, ``, "\ufeff{}", `{"a":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`,
	} {
		for i := range jsonTypes {
			f.Add(uint8(i), []byte(doc))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		kind := jsonTypes[int(which)%len(jsonTypes)]
		strict, standard, fitting := reflect.New(kind), reflect.New(kind), reflect.New(kind)
		if err := unmarshalFitting(data, fitting.Interface()); json.Valid(data) && !errors.As(err, new(*misfitError)) {
			t.Fatalf("unmarshalFitting: %v", err)
		}
		if unmarshalStrict(data, strict.Interface()) != nil {
			return
		}
		err := json.Unmarshal(data, standard.Interface())
		var syntax *json.SyntaxError
		var unfit *json.UnmarshalTypeError
		if err != nil && !errors.As(err, &syntax) && !errors.As(err, &unfit) && strings.Contains(string(data), `\u`) {
			return // a time with escapes, which time.Time itself does not know
		}
		if err != nil {
			t.Fatalf("encoding/json refuses what was decoded: %v", err)
		}
		if diff := cmp.Diff(standard.Elem().Interface(), strict.Elem().Interface(), cmp.AllowUnexported(zeroIfAbsent[bool]{}, zeroIfAbsent[uint32]{})); diff != "" {
			t.Fatalf("-encoding/json +strict:\n%s", diff)
		}
	})
}

// TestAttempts: containerd leaves out an attempt that is 0; one that is no number of
// attempts is unknown.
func TestAttempts(t *testing.T) {
	for attempt, want := range map[string]any{``: uint32(0), `,"attempt":null`: uint32(0), `,"attempt":3`: uint32(3), `,"attempt":-1`: nil, `,"attempt":"3"`: nil, `,"attempt":{}`: nil} {
		c := containerInfo{engine: engineContainerd}
		err := unmarshalFitting([]byte(`{"metadata":{"name":"web"`+attempt+`}}`), &c.status)
		var got any
		if n := c.attempt(); n != nil {
			got = *n
		}
		if got != want || strings.HasSuffix(err.Error(), "left out: /metadata/attempt") != (want == nil) || c.status.Metadata.Name != "web" {
			t.Errorf("%s: %v, want %v; %v", attempt, got, want, err)
		}
	}
}
