package resttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

func (c *Catalog) list(w http.ResponseWriter, namespace string) {
	identifiers := []map[string]any{}
	for key := range c.tables {
		if in, name, _ := cutLast(key); in == namespace {
			identifiers = append(identifiers, map[string]any{"namespace": strings.Split(in, separator), "name": name})
		}
	}
	answer(w, http.StatusOK, map[string]any{"identifiers": identifiers})
}

func (c *Catalog) create(w http.ResponseWriter, r *http.Request, namespace string) {
	var request struct {
		Name       string                 `json:"name"`
		Schema     *iceberg.Schema        `json:"schema"`
		Spec       *iceberg.PartitionSpec `json:"partition-spec"`
		Order      *table.SortOrder       `json:"write-order"`
		Stage      bool                   `json:"stage-create"`
		Properties iceberg.Properties     `json:"properties"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Schema == nil || request.Order == nil || request.Stage {
		Fail(w, http.StatusBadRequest, "BadRequestException", fmt.Sprint("the request is wrong: ", err))
		return
	}
	key := namespace + separator + request.Name
	if c.tables[key] != nil {
		Fail(w, http.StatusConflict, "AlreadyExistsException", "the table is there")
		return
	}
	location := c.root + "/" + strings.ReplaceAll(key, separator, "/")
	metadata, err := table.NewMetadata(request.Schema, request.Spec, *request.Order, location, request.Properties)
	if err != nil {
		Fail(w, http.StatusBadRequest, "BadRequestException", err.Error())
		return
	}
	c.keep(w, key, &entry{metadata: metadata})
}

func (c *Catalog) load(w http.ResponseWriter, key string) {
	e := c.tables[key]
	answer(w, http.StatusOK, map[string]any{"metadata-location": c.locationOf(e), "metadata": e.metadata, "config": c.Config})
}

func (c *Catalog) locationOf(e *entry) string {
	return fmt.Sprintf("%s/metadata/%05d-00000000-0000-0000-0000-%012d.metadata.json", e.metadata.Location(), e.version, e.version)
}

func (c *Catalog) table(w http.ResponseWriter, r *http.Request, key string) {
	switch {
	case c.tables[key] == nil:
		Fail(w, http.StatusNotFound, "NoSuchTableException", "no such table")
	case r.Method == http.MethodGet:
		c.load(w, key)
	case r.Method == http.MethodDelete:
		delete(c.tables, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		c.commit(w, r, key)
	}
}

// commit makes changes whose requirements are met.
func (c *Catalog) commit(w http.ResponseWriter, r *http.Request, key string) {
	var request struct {
		Identifier   struct{ Name string }
		Requirements table.Requirements
		Updates      table.Updates
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || !strings.HasSuffix(key, separator+request.Identifier.Name) {
		Fail(w, http.StatusBadRequest, "BadRequestException", fmt.Sprint("the request is wrong: ", err))
		return
	}
	e := c.tables[key]
	for _, requirement := range request.Requirements {
		if err := requirement.Validate(e.metadata); err != nil {
			Fail(w, http.StatusConflict, "CommitFailedException", err.Error())
			return
		}
	}
	if c.KeepsSnapshots && slices.ContainsFunc(request.Updates, func(u table.Update) bool { return u.Action() == table.UpdateRemoveSnapshots }) {
		Fail(w, http.StatusForbidden, "ForbiddenException", "snapshots are kept by law")
		return
	}
	metadata, err := table.UpdateTableMetadata(e.metadata, request.Updates, c.locationOf(e))
	if err != nil {
		Fail(w, http.StatusBadRequest, "BadRequestException", err.Error())
		return
	}
	c.keep(w, key, &entry{metadata: metadata, version: e.version + 1})
}

// keep notes a version of a table. Where tables lie in folders, it has a file.
func (c *Catalog) keep(w http.ResponseWriter, key string, e *entry) {
	if path, isLocal := strings.CutPrefix(c.locationOf(e), "file://"); isLocal {
		data, err := json.Marshal(e.metadata)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(path), 0o700)
		}
		if err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			Fail(w, http.StatusInternalServerError, "InternalServerError", err.Error())
			return
		}
	}
	c.tables[key] = e
	c.load(w, key)
}
