package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/ckexport/ckexport/metrics"
)

const manifests = "../../deploy/kubernetes"

// kustomization is what ours have.
type kustomization struct {
	APIVersion         string
	Kind               string
	Namespace          string
	Resources          []string
	ConfigMapGenerator []struct {
		Name     string
		Literals []string
	}
	Images []struct{ Name, NewTag string }
}

// podMonitor is what the Prometheus operator reads of ours.
type podMonitor struct {
	APIVersion, Kind string
	Metadata         struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Selector            struct{ MatchLabels map[string]string }
		PodMetricsEndpoints []struct {
			Port, Interval string
			Relabelings    []struct {
				SourceLabels []string
				TargetLabel  string
			}
		}
	}
}

// TestManifests checks that each manifest is what its API takes, to the letter,
// that kustomizations list all of them, and that ckexport takes what they say.
func TestManifests(t *testing.T) {
	err := filepath.WalkDir(manifests, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		var k kustomization
		readYAML(t, filepath.Join(path, "kustomization.yaml"), &k)
		var there []string
		files, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, f := range files {
			if f.Name() == "kustomization.yaml" || f.Name() == "backfill" { // which is applied by itself
				continue
			}
			there = append(there, f.Name())
			if !f.IsDir() {
				checkManifest(t, filepath.Join(path, f.Name()), k)
			}
		}
		slices.Sort(k.Resources)
		if !slices.Equal(k.Resources, there) {
			t.Errorf("%s lists %v, there is %v", path, k.Resources, there)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readYAML reads a file into a value that has a field for each of its own.
func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func checkManifest(t *testing.T, path string, k kustomization) {
	t.Helper()
	var kind struct{ Kind string }
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &kind); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	switch kind.Kind {
	case "DaemonSet":
		var set appsv1.DaemonSet
		readYAML(t, path, &set)
		checkPod(t, path, set.Spec.Template, k)
	case "CronJob":
		var job batchv1.CronJob
		readYAML(t, path, &job)
		checkJob(t, path, job.Spec.JobTemplate.Spec, k)
	case "Job":
		var job batchv1.Job
		readYAML(t, path, &job)
		checkJob(t, path, job.Spec, k)
	case "NetworkPolicy":
		readYAML(t, path, &networkingv1.NetworkPolicy{})
	case "Namespace":
		readYAML(t, path, &corev1.Namespace{})
	case "ServiceAccount":
		readYAML(t, path, &corev1.ServiceAccount{})
	case "PodMonitor":
		readYAML(t, path, &podMonitor{})
	default:
		t.Errorf("%s: nothing checks a %q", path, kind.Kind)
	}
}

func checkJob(t *testing.T, path string, job batchv1.JobSpec, k kustomization) {
	t.Helper()
	pod := job.Template
	checkPod(t, path, pod, k)
	if job.PodFailurePolicy != nil && pod.Spec.RestartPolicy != corev1.RestartPolicyNever {
		t.Errorf("%s: podFailurePolicy takes restartPolicy Never", path)
	}
	if job.CompletionMode != nil && *job.CompletionMode == batchv1.IndexedCompletion {
		if want := fmt.Sprintf("--shard=/%d", *job.Completions); !slices.Contains(pod.Spec.Containers[0].Args, want) {
			t.Errorf("%s: no %s", path, want)
		}
	}
}

// checkPod checks what all pods have in common: they are confined, and run
// commands that there are, with flags that these have.
func checkPod(t *testing.T, path string, pod corev1.PodTemplateSpec, k kustomization) {
	t.Helper()
	if pod.Spec.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || *pod.Spec.AutomountServiceAccountToken {
		t.Errorf("%s: the pod is not confined", path)
	}
	if len(k.Images) != 1 || len(k.ConfigMapGenerator) != 1 {
		t.Fatalf("%s: no image or settings", path)
	}
	settings := map[string]bool{}
	for _, literal := range k.ConfigMapGenerator[0].Literals {
		name, _, _ := strings.Cut(literal, "=")
		settings[name] = true
	}
	for _, c := range pod.Spec.Containers {
		s := c.SecurityContext
		if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Contains(s.Capabilities.Drop, "ALL") || len(s.Capabilities.Add) > 0 {
			t.Errorf("%s: container %s is not confined", path, c.Name)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: container %s has no bounds", path, c.Name)
		}
		if c.Image != k.Images[0].Name || c.EnvFrom[0].ConfigMapRef.Name != k.ConfigMapGenerator[0].Name {
			t.Errorf("%s: container %s has other settings than the kustomization", path, c.Name)
		}
		for _, e := range c.Env {
			settings[e.Name] = true
		}
		checkArgs(t, path, c.Args, settings)
	}
}

func checkArgs(t *testing.T, path string, args []string, settings map[string]bool) {
	t.Helper()
	command := newApp(streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard}).Command(args[0])
	if command == nil {
		t.Errorf("%s: no command %q", path, args[0])
		return
	}
	var known []string
	for _, f := range command.Flags {
		known = append(known, f.Names()...)
	}
	for _, arg := range args[1:] {
		for _, variable := range regexp.MustCompile(`\$\(([^)]*)\)`).FindAllStringSubmatch(arg, -1) {
			if !settings[variable[1]] {
				t.Errorf("%s: %s is not set", path, variable[1])
			}
		}
		if name, isFlag := strings.CutPrefix(arg, "--"); isFlag {
			if name, _, _ = strings.Cut(name, "="); !slices.Contains(known, name) {
				t.Errorf("%s: ckexport %s has no flag --%s", path, args[0], name)
			}
		}
	}
}

// TestMetricNames checks that alerts and the dashboard ask for metrics that
// there are.
func TestMetricNames(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	readYAML(t, "../../deploy/prometheus/ckexport.rules.yml", &rules)
	dashboard, err := os.ReadFile("../../deploy/grafana/ckexport.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(dashboard) {
		t.Error("the dashboard is no JSON")
	}
	used := map[string]bool{}
	texts := []string{string(dashboard)}
	for _, rule := range rules.Groups[0].Rules {
		texts = append(texts, rule.Expr)
	}
	for _, text := range texts {
		for _, name := range regexp.MustCompile(`ckexport_[a-z_]+`).FindAllString(text, -1) {
			used[name] = true
		}
	}
	for name := range maps.Keys(used) {
		if !slices.Contains(metrics.Names(), name) {
			t.Errorf("there is no metric %s", name)
		}
	}
	if len(used) < 15 {
		t.Errorf("only %d metrics are used", len(used))
	}
}

// TestNoKubernetes checks that what only tests need is not in the program.
func TestNoKubernetes(t *testing.T) {
	info, err := buildinfo.ReadFile(filepath.Join(programs, "ckexport"))
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range info.Deps {
		if strings.HasPrefix(module.Path, "k8s.io/") || strings.HasPrefix(module.Path, "sigs.k8s.io/") {
			t.Errorf("%s is built in", module.Path)
		}
	}
}
