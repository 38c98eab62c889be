package schema

import (
	"reflect"
	"strings"
	"testing"
)

// TestMistakes: what is wrong with the tags of a row struct is said, and so
// found by any test that looks at the tables.
func TestMistakes(t *testing.T) {
	const position, good = `arrow:"position" doc:"position"`, `table:"rows" doc:"A row." compare:"position"`
	type element struct {
		Name string `arrow:"name" doc:"name"`
	}
	type mixed struct {
		Name  string `arrow:"name" sensitive:"args" doc:"name"`
		Value string `arrow:"value" sensitive:"env" doc:"value"`
	}
	type untold struct {
		Name string `suffix:"_name" dok:"name"`
	}
	for _, c := range []struct {
		table string // tag of a blank field
		field any    // one more field, of that type
		tag   string
		want  string
	}{
		{``, nil, ``, "no blank field with tags table and doc"},
		{`table:"rows" dok:"A row." compare:"position"`, nil, ``, `no tag "dok" here`},
		{`table:rows doc:"A row." compare:"position"`, nil, ``, `is not of the form key:"value"`},
		{good + ` doc:"A row."`, nil, ``, `tag "doc" occurs twice`},
		{good + ` scope:"universe"`, nil, ``, `scope "universe"`},
		{good + ` raw:"true"`, nil, ``, `tag "raw" is "true"`},
		{good + ` key:"checkpoint_id place"`, nil, ``, "key [checkpoint_id place]: not all of these are columns"},
		{good + ` ref:"others(id)"`, nil, ``, `reference "others(id)": want`},
		{`table:"rows" doc:"A row." scope:"content" notcompared:"is none"`, nil, ``, "it needs a key"},
		{`table:"rows" doc:"A row." scope:"run" compare:"position"`, nil, ``, "belongs to no checkpoint"},
		{`table:"rows" doc:"A row."`, nil, ``, `either a tag "compare" or a reason "notcompared"`},
		{`table:"rows" doc:"A row." notcompared:"is none" show:"position"`, nil, ``, "for tables that are compared"},
		{`table:"rows" doc:"A row." compare:""`, nil, ``, "compared by nothing"},
		{`table:"rows" doc:"A row." compare:"place"`, nil, ``, "compared column place does not exist"},
		{`table:"rows" doc:"A row." compare:"n"`, uint32(0), `arrow:"n" doc:"number" compare:"no"`, "compared column n does not exist, or is named twice"},
		{good + ` show:"place"`, nil, ``, "shown column place"},
		{good + ` through:"n to others(id)"`, nil, ``, `through "n to others(id)": want`},
		{good + ` through:"position to others(number): name"`, nil, ``, "is named twice"},
		{good + ` through:"n to others(number): name"`, uint32(0), `arrow:"n" doc:"number"`, "names what does not exist"},
		{`table:"others" doc:"A row." compare:"position"`, nil, ``, "there is a table others already"},

		{good, uint32(0), `arrow:"n" dok:"number"`, `field N: there is no tag "dok" here`},
		{good, uint32(0), `arrow:"n"`, "field N: it lacks a tag arrow or doc"},
		{good, uint32(0), position, "column position occurs twice"},
		{good, map[string]int{}, `arrow:"n" doc:"numbers" sensitive:"no"`, "no column type for map[string]int"},
		{good, untold{}, `arrow:"n" doc:"name" sensitive:"no"`, `Name: there is no tag "dok"`},
		{good, Text{}, `arrow:"n" doc:"text"`, "it is text or bytes and has no tag sensitive"},
		{good, []element{}, `arrow:"n" doc:"texts"`, "it is text or bytes and has no tag sensitive"},
		{good, []Register{}, `arrow:"n" doc:"registers" sensitive:"no"`, "the fields of its elements say it"},
		{good, []mixed{}, `arrow:"n" doc:"secrets"`, "fields of its elements differ in it"},
		{good, "", `arrow:"n" doc:"text" sensitive:"evn"`, `no policy "evn"`},
		{good, "", `arrow:"n" doc:"text" sensitive:"env:jsn"`, `no form "jsn"`},
		{good, uint32(0), `arrow:"n" doc:"number" sensitive:"env"`, "can hold neither text nor NULL"},
		{good, uint32(0), `arrow:"n" doc:"number" encode:"bloom"`, `encode "bloom"`},
		{good, "", `arrow:"n" doc:"text" sensitive:"no" encode:"plain,blom"`, `encode "blom"`},
		{good, uint64(0), `arrow:"n" doc:"number"`, `column n: numbers of 64 bits without sign need a tag "range"`},
		{good, []uint64{}, `arrow:"n" range:"int32" doc:"numbers"`, `need a tag "range", int64 or uint64`},
		{good, uint32(0), `arrow:"n" range:"int64" doc:"number"`, `tag "range" is for numbers of 64 bits`},
		{good, uint32(0), `arrow:"n" doc:"number" payload:"true"`, `tag "payload" is "true"`},
		{good, uint32(0), `arrow:"n" doc:"number" compare:"yes"`, `tag "compare" is "yes"`},
		{good, uint32(0), `arrow:"n" doc:"number" ref:"others.id"`, `reference "others.id": want`},
		{good, uint32(0), `arrow:"n" doc:"number" ref:"other(id)"`, "names what does not exist"},
		{good, uint32(0), `arrow:"n" doc:"number" ref:"others(id) of kind mail"`, "names what does not exist"},
		{good, uint32(0), `arrow:"n" doc:"number" ref:"others(id)"`, "column n is compared, and refers to others.id, which is not"},
	} {
		fields := []reflect.StructField{
			{Name: "_", PkgPath: "schema", Type: reflect.TypeFor[struct{}](), Tag: reflect.StructTag(c.table)},
			{Name: "Position", Type: reflect.TypeFor[uint32](), Tag: position},
		}
		if c.field != nil {
			fields = append(fields, reflect.StructField{Name: "N", Type: reflect.TypeOf(c.field), Tag: reflect.StructTag(c.tag)})
		}
		_, err := tablesOf(reflect.StructOf([]reflect.StructField{
			{Name: "Others", Type: reflect.TypeFor[[]other]()},
			{Name: "Rows", Type: reflect.SliceOf(reflect.StructOf(fields))},
		}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s, %s: %v, want %q", c.table, c.tag, err, c.want)
		}
	}
}

type other struct {
	_ struct{} `table:"others" doc:"Another." compare:"name"`

	Name string `arrow:"name" sensitive:"no" doc:"name"`
	ID   uint32 `arrow:"id" compare:"no" doc:"number given at each dump"`
}
