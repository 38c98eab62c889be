package decode_test

import (
	"encoding/json"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/ckexport/ckexport/pipeline/criu"
	"github.com/ckexport/ckexport/schema"
)

// noText ends every text in the archives of TestColumnsHoldText. A column that
// had it would make the whole output unreadable.
const noText = "\xff\x00\x1b\u009b"

// TestColumnsHoldText puts bytes that are no text into every text of real
// archives: names of members, texts of messages and of JSON, the archive's own
// name. What the columns hold is valid UTF-8 without NUL.
func TestColumnsHoldText(t *testing.T) {
	for _, name := range []string{"everything.tar.zst", "nonroot-userns-caps.tar.zst", "checkpoint-web-fleet-node-1_shop-app-2026-11-23T14-50-52Z.tar", "fd-kinds.tar.zst"} {
		members := readTar(t, own(name))
		for i, m := range members {
			base := path.Base(m.header.Name)
			switch kind, _, ok := criu.KindOf(base); {
			case ok && !kind.Raw:
				members[i].data = spoiledImage(t, kind, m.data)
			case strings.HasSuffix(base, ".dump") || base == "network.status":
				members[i].data = spoiledJSON(t, m.data)
			case strings.HasSuffix(base, ".log"):
				members[i].data = []byte(strings.ReplaceAll(string(m.data), "\n", noText+"\n"))
			}
			members[i].header.Size = int64(len(members[i].data))
		}
		for _, folder := range []string{"checkpoint", "pre-checkpoint", "artifacts"} {
			odd := slices.Clone(members[:min(len(members), 40)])
			for i := range odd {
				odd[i].header.Name = "odd\xff\x1b/" + odd[i].header.Name
			}
			members = append(members, odd...)
			members = append(members, member(folder+"/core-1\xff.img", nil), member(folder+"/amdgpu-pages-1-\xff.img", nil))
		}
		checkTexts(t, name, decodeFile(t, writeFile(t, "a\xff\x1b.tar", tarOf(t, members))).Checkpoints)
	}
}

// spoiledImage spoils every text of the messages that an image begins with.
func spoiledImage(t *testing.T, kind criu.Kind, data []byte) []byte {
	r, err := criu.NewReader(kind, data, false)
	if err != nil {
		t.Fatal(err)
	}
	out := slices.Clone(data[:r.Offset()])
	for {
		at := r.Offset()
		message, err := r.Next()
		descriptor := messageOf(kind, r.Entries-1)
		if err != nil || descriptor == nil || r.Entries > 1 && !isPlainArray(kind) {
			return append(out, data[at:]...)
		}
		m := descriptor.New().Interface()
		if err := proto.Unmarshal(message, m); err != nil {
			return append(out, data[at:]...)
		}
		spoil(m.ProtoReflect())
		out = append(out, entriesOf(t, m)...)
	}
}

func spoil(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		spoiled := func(v protoreflect.Value) protoreflect.Value {
			if f.Message() != nil {
				spoil(v.Message())
			} else if f.Kind() == protoreflect.StringKind {
				return protoreflect.ValueOfString(v.String() + noText)
			}
			return v
		}
		if !f.IsList() {
			m.Set(f, spoiled(v))
			return true
		}
		for i := range v.List().Len() {
			v.List().Set(i, spoiled(v.List().Get(i)))
		}
		return true
	})
}

// spoiledJSON spoils every text in JSON, keys too; JSON can say any character.
func spoiledJSON(t *testing.T, data []byte) []byte {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return data
	}
	var walk func(v any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case string:
			if _, err := time.Parse(time.RFC3339Nano, v); err == nil || v == "libpod" || v == "cri-o" {
				return v
			}
			return v + "\x00\x1b\u009b"
		case []any:
			for i := range v {
				v[i] = walk(v[i])
			}
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
				if strings.Contains(k, ".") {
					v[k+"\x00"] = v[k]
				}
			}
		}
		return v
	}
	out, err := json.Marshal(walk(v))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// checkTexts checks every text in the rows.
func checkTexts(t *testing.T, what string, checkpoints []*schema.Rows) {
	t.Helper()
	told := map[string]bool{}
	var walk func(name string, v reflect.Value)
	walk = func(name string, v reflect.Value) {
		switch v.Kind() {
		case reflect.String:
			if s := v.String(); (!utf8.ValidString(s) || strings.Contains(s, "\x00")) && !told[name] {
				told[name] = true
				t.Errorf("%s: %s is %q", what, name, s)
			}
		case reflect.Pointer:
			if !v.IsNil() {
				walk(name, v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(name, v.Index(i))
			}
		case reflect.Map:
			for i := v.MapRange(); i.Next(); {
				walk(name, i.Key())
				walk(name, i.Value())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(name+"."+v.Type().Field(i).Name, v.Field(i))
				}
			}
		}
	}
	if len(checkpoints) == 0 {
		t.Errorf("%s: no checkpoint", what)
	}
	for _, rows := range checkpoints {
		walk("", reflect.ValueOf(*rows))
	}
}
