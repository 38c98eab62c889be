# ckexport: everything goes through here. `make help` lists the targets.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo '(devel)')
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS  = -s -w -X 'main.version=$(VERSION)' -X 'main.commit=$(COMMIT)'
PACKAGES = ./...
PYTHON  ?= /usr/bin/python3
# DuckDB reads rows where they are; without the driver's tag, from Parquet files.
# YARA is built in where libyara and its headers are (libyara-dev on Debian), and
# becomes part of the program where it and what it needs are static libraries too.
YARA_STATIC = $(shell for l in yara crypto magic jansson lzma bz2 z; do test -f "$$(cc -print-file-name=lib$$l.a)" || exit; done; echo ,yara_static)
TAGS := duckdb_arrow$(shell pkg-config --exists yara 2> /dev/null && echo ,yara)$(YARA_STATIC)
# With one set of flags for all targets, each package is compiled once.
export GOFLAGS := $(GOFLAGS) -tags=$(TAGS) -trimpath

# DuckDB needs the C++ runtime. It becomes part of the program where there is a
# static one: the linker finds that first, in a folder that has nothing else.
STDCXX := $(if $(filter Linux,$(shell uname -s)),$(filter /%,$(shell c++ -print-file-name=libstdc++.a 2> /dev/null)))
ifneq ($(STDCXX),)
LDFLAGS += -extldflags '-L$(CURDIR)/bin/link -static-libgcc -Wl,--exclude-libs,ALL'
endif

.PHONY: help run build test unit race lint docs picture docs-check nocgo platforms client notebook browser bench bench-quick bench-tools microbench fuzz vuln install dist image image-check package clean tools

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: build ## export testdata's archives to fleet.duckdb and fleet.parquet, and ask them a question
	./bin/ckexport testdata/archives -o fleet.parquet
	./bin/ckexport testdata/archives -o fleet.duckdb
	./bin/ckexport query fleet.duckdb fleet-overview

build: tools ## build bin/ckexport
	@mkdir -p bin/link && if [ -n "$(STDCXX)" ]; then ln -sf "$(STDCXX)" bin/link/libstdc++.a; fi
	go build -ldflags "$(LDFLAGS)" -o bin/ckexport ./cmd/ckexport

STEPS = lint unit race docs-check nocgo platforms client notebook browser
test: tools ## everything CI runs, and how long each step takes
	@for step in $(STEPS); do \
		from=$$(date +%s); $(MAKE) --no-print-directory $$step || exit 1; echo "make $$step: $$(($$(date +%s) - from)) s"; done

# The race detector takes several times as long, so it runs where goroutines
# meet: pipeline has a run's workers, which decode, replace and gather rows;
# archives are decompressed ahead of reading, pages digested, archives extracted from and searched side by side; sinks write and load so;
# ckbench makes archives so; a watch listens while it exports, and counts for who asks.
RACE = ./watch ./metrics ./pipeline ./pipeline/archive ./pipeline/extract ./pipeline/memory ./pipeline/scan ./pipeline/search ./sinks/... ./cmd/ckbench/...
# All of them together, with the command's own goroutines: runs over all archives
# into both kinds of output, with values replaced, and interrupted ones.
RACE_RUNS = ^(TestInterrupt|TestScripts)$$/^(both-outputs|redact)$$
unit: build bin/checkpointctl ## tests; what goroutines share is tested by make race
	@command -v python3 > /dev/null || { echo "make unit: python3 is missing (the README has a line of it); on Debian: apt-get install python3"; exit 1; }
	@pkg-config --exists yara || { echo "make unit: libyara is missing (tests scan with YARA rules); on Debian: apt-get install pkg-config libyara-dev"; exit 1; }
	@command -v zsh > /dev/null || { echo "make unit: zsh is missing (a test has it complete command lines); on Debian: apt-get install zsh"; exit 1; }
	@command -v systemd-analyze > /dev/null || { echo "make unit: systemd-analyze is missing (a test has it judge the systemd units); on Debian: apt-get install systemd"; exit 1; }
	@command -v gdb > /dev/null && command -v eu-readelf > /dev/null || { echo "make unit: gdb or eu-readelf is missing (tests have them read core dumps); on Debian: apt-get install gdb elfutils"; exit 1; }
	CHECKPOINTCTL=$(CURDIR)/bin/checkpointctl CKEXPORT_UNDER_TEST=$(CURDIR)/bin/ckexport go test -vet=off -timeout 60m $$(go list $(PACKAGES) | grep -vxF "$$(go list $(RACE))")
	go test -vet=off -tags= ./sinks/duckdb

race: tools ## tests with the race detector, of what goroutines share
	go test -race -vet=off -timeout 60m $(RACE)
	go build -race -o bin/ckexport-race ./cmd/ckexport
	CKEXPORT_UNDER_TEST=$(CURDIR)/bin/ckexport-race go test -vet=off -run '$(RACE_RUNS)' ./cmd/ckexport

lint: tools ## gofmt, go vet, staticcheck, and that no program or other large file was committed
	@large=$$(find $$(git ls-files) -prune -size +3M 2> /dev/null); test -z "$$large" || { echo "over 3 MiB, what is made is not committed: $$large"; exit 1; }
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted"; exit 1; }
	go vet -tags $(TAGS),browser $(PACKAGES)
	go tool staticcheck $(PACKAGES)

docs: tools notebook ## make the generated documentation anew
	cp bin/notebook/changes.svg docs/findings.svg
	go run ./cmd/ckexport tables --markdown > docs/tables.md
	go test ./queries -run FalseAlarms -update
	go run ./cmd/ckexport queries --markdown > docs/queries.md
	go test ./pipeline/decode -run ProblemCodes -update
	go test ./sinks/spool -run EmptyFilesAreCurrent -update
	go test ./sinks/duckdb -run TemplateIsCurrent -update
	go test ./cmd/ckexport -run README -update

picture: build ## the picture of a report in the README
	rm -rf bin/picture && mkdir -p bin/picture
	cd bin/picture && ../ckexport ../../testdata/archives -o fleet.duckdb --quiet && ../ckexport report fleet.duckdb -o report.html
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1280,1100 --screenshot=docs/report.png file://$(CURDIR)/bin/picture/report.html

docs-check: build ## the generated documentation is current, and so are the kernel's constants
	@go generate ./pipeline/kernel && git diff --exit-code --stat -- pipeline/kernel || { echo "pipeline/kernel is not current: commit what go generate made"; exit 1; }
	@./bin/ckexport tables --markdown | diff -u docs/tables.md - > /dev/null || { echo "docs/tables.md is not current: run make docs"; exit 1; }
	@./bin/ckexport queries --markdown | diff -u docs/queries.md - > /dev/null || { echo "docs/queries.md is not current: run make docs"; exit 1; }

nocgo: tools ## a build without cgo exports Parquet, also one without Iceberg
	CGO_ENABLED=0 go vet -tags noduckdb,noiceberg ./cmd/... ./sinks/...
	CGO_ENABLED=0 go test -vet=off -tags noduckdb -c -o /dev/null ./cmd/... ./sinks/...
	CGO_ENABLED=0 go build -tags noduckdb -o bin/ckexport-nocgo ./cmd/ckexport
	rm -rf bin/nocgo.parquet && ./bin/ckexport-nocgo testdata/archives -o bin/nocgo.parquet --quiet && test -n "$$(ls bin/nocgo.parquet/processes)" && rm -rf bin/nocgo.parquet
	./bin/ckexport-nocgo version | grep -q "without YARA"
	./bin/ckexport-nocgo testdata/archives -o bin/nocgo.parquet --scan builtin 2>&1 | grep -q libyara-dev

platforms: tools ## the program builds for other systems; without cgo they have no DuckDB
	@for target in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "building for $$target" && GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go vet -tags noduckdb ./filelock ./sinks/internal/staging ./pipeline/archive ./pipeline/criu && \
		GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go build -tags noduckdb -o /dev/null ./cmd/ckexport || exit 1; done

client: build ## outputs are read by DuckDB's Node.js binding, of DuckDB 1.1, Parquet by hyparquet, and Iceberg by icebird
	@command -v npm > /dev/null || { echo "make client: npm is missing; on Debian: apt-get install nodejs npm"; exit 1; }
	cd testdata/client && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	rm -rf bin/client.parquet bin/client.duckdb bin/client.iceberg
	./bin/ckexport testdata/archives -o bin/client.parquet --quiet
	./bin/ckexport testdata/archives -o bin/client.duckdb --quiet
	./bin/ckexport testdata/archives -o bin/client.iceberg --quiet
	node testdata/client/read.js bin/client.duckdb bin/client.parquet
	node testdata/client/filter.mjs bin/client.parquet
	node testdata/client/iceberg.mjs bin/client.duckdb bin/client.iceberg

# The kernel is PYTHON's, and the caller's settings of Jupyter, IPython and matplotlib take no part.
NOTEBOOK = $(CURDIR)/bin/notebook
NOTEBOOK_ENV = env -u MPLBACKEND CKEXPORT=$(CURDIR)/bin/ckexport JUPYTER_PATH=$(NOTEBOOK)/share/jupyter \
	JUPYTER_CONFIG_DIR=$(NOTEBOOK)/config JUPYTER_RUNTIME_DIR=$(NOTEBOOK)/runtime IPYTHONDIR=$(NOTEBOOK)/ipython PYDEVD_DISABLE_FILE_VALIDATION=1 MPLCONFIGDIR=$(NOTEBOOK)/matplotlib
notebook: build ## the notebooks run, of archives and of outputs, and the facts in them hold; what they show is in bin/notebook
	@$(PYTHON) -c 'import nbconvert, ipykernel, pandas, matplotlib' || { echo "make notebook: $(PYTHON) lacks packages; on Debian: apt-get install --no-install-recommends python3-nbconvert python3-ipykernel python3-pandas python3-matplotlib"; exit 1; }
	@rm -rf bin/notebook && mkdir -p bin/notebook
	@$(NOTEBOOK_ENV) $(PYTHON) -m ipykernel install --prefix bin/notebook > /dev/null
	@$(NOTEBOOK_ENV) $(PYTHON) queries/notebooks/test.py bin/notebook

browser: tools ## reports in headless Chromium, on phones, screens and paper: nothing from archives runs, nothing is cut off or too faint; pictures in bin/report-*.png
	@command -v chromium > /dev/null || { echo "make browser: chromium is missing; on Debian: apt-get install chromium"; exit 1; }
	go test -vet=off -count=1 -tags $(TAGS),browser -run Browser ./report

CHECKPOINTCTL = v1.6.0
BENCHFLAGS ?=
bench: bench-tools ## measure against checkpointctl and bare decompression, and write docs/performance.md; takes some 25 minutes, 8 GiB of disk and 4 of a RAM disk
	./bin/ckbench run $(BENCHFLAGS)

bench-quick: bench-tools ## the same with tiny workloads, to see that it works
	@mkdir -p bin/bench-quick
	./bin/ckbench run --quick --reps 1 --work bin/bench-quick --report bin/bench-quick $(BENCHFLAGS)
	test -s bin/bench-quick/performance.md && test -s bin/bench-quick/performance.svg

bench-tools: build bin/checkpointctl
	go build -ldflags "-s -w" -o bin/ckbench ./cmd/ckbench
	go build -ldflags "-s -w" -o bin/ckbench-worker ./cmd/ckbench/worker

# What ckexport inspect is compared with, and what exports are measured against.
bin/checkpointctl:
	GOBIN=$(CURDIR)/bin go install github.com/checkpoint-restore/checkpointctl@$(CHECKPOINTCTL)

BENCHTIME ?= 1s
microbench: tools ## benchmarks of single packages, each for BENCHTIME, a time or a count (1x)
	go test -vet=off -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $$(git grep -l '^func Benchmark' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's#^#./#')

FUZZTIME ?= 10s
fuzz: tools ## each fuzz target for FUZZTIME, a time or a count (1000x)
	@for package in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
		go test -fuzz . -c -o bin/fuzz.test ./$$package || exit 1; \
		for target in $$(cd $$package && $(CURDIR)/bin/fuzz.test -test.list '^Fuzz'); do \
			echo "$$package $$target"; \
			(cd $$package && $(CURDIR)/bin/fuzz.test -test.run '^$$' -test.fuzz "^$$target$$" -test.fuzztime $(FUZZTIME) -test.fuzzminimizetime 1x \
				-test.fuzzcachedir $(CURDIR)/bin/fuzz/$$package) || exit 1; done; done

vuln: tools ## known vulnerabilities in what is built in; no part of CI, as it needs Go's vulnerability database
	@log=$$(mktemp); go tool govulncheck $(PACKAGES) 2> $$log; status=$$?; cat $$log >&2; \
	! grep -q 'fetching vulnerabilities' $$log || echo "make vuln: Go's vulnerability database cannot be reached from here: nothing was checked" >&2; \
	rm -f $$log; exit $$status

PREFIX ?= /usr/local
install: build ## put ckexport, its manual page and completions below /usr/local, or PREFIX
	install -D -m 0755 bin/ckexport $(DESTDIR)$(PREFIX)/bin/ckexport
	@mkdir -p bin/share && ./bin/ckexport man > bin/share/ckexport.1 && for shell in bash zsh fish; do ./bin/ckexport completion $$shell > bin/share/$$shell || exit 1; done
	install -D -m 0644 bin/share/ckexport.1 $(DESTDIR)$(PREFIX)/share/man/man1/ckexport.1
	install -D -m 0644 bin/share/bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ckexport
	install -D -m 0644 bin/share/zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_ckexport
	install -D -m 0644 bin/share/fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/ckexport.fish

dist: package image ## what a release consists of, in bin/dist, with its digests: CONTRIBUTING.md has the steps
	@rm -rf bin/dist && mkdir -p bin/dist
	tar -C bin/image --sort=name --owner=0 --group=0 --mtime=@$$(git log -1 --format=%ct 2> /dev/null || echo 0) -cf - ckexport | gzip -9n > bin/dist/ckexport_$(PACKAGE_VERSION)_$$(go env GOOS)_$$(go env GOARCH).tar.gz
	cp bin/ckexport_*.deb bin/ckexport.oci.tar bin/ckexport.spdx.json bin/dist/
	cd bin/dist && sha256sum * > SHA256SUMS

# Linked statically, DuckDB, the C library and libyara (where that is there to be) too:
# it runs on any Linux of the architecture, and where there is nothing else. Names are
# resolved by Go.
bin/image/ckexport: FORCE | tools
	@mkdir -p bin/image
	go build -tags $(if $(YARA_STATIC),$(TAGS),duckdb_arrow),netgo,osusergo -ldflags "-s -w -X 'main.version=$(VERSION)' -X 'main.commit=$(COMMIT)' -linkmode external -extldflags -static" -o $@ ./cmd/ckexport 2> bin/image.log || { cat bin/image.log; exit 1; }

image: bin/image/ckexport ## a container image, bin/ckexport.oci.tar, and what is in it, bin/ckexport.spdx.json
	go run ./deploy/image -program bin/image/ckexport -output bin/ckexport.oci.tar -sbom bin/ckexport.spdx.json -version '$(VERSION)'
	@echo "skopeo copy oci-archive:bin/ckexport.oci.tar docker://REGISTRY/ckexport:TAG puts it into a registry"

image-check: image ## the image is the same when all is linked again
	@mkdir -p bin/again && mv bin/ckexport.oci.tar bin/image/ckexport bin/again/ # go does not link again what is there
	@$(MAKE) --no-print-directory image > /dev/null
	cmp bin/again/ckexport.oci.tar bin/ckexport.oci.tar && rm -r bin/again

# git's versions, as Debian compares them.
PACKAGE_VERSION = $(if $(filter v%,$(VERSION)),$(VERSION:v%=%),0.0.0+git.$(subst -,.,$(VERSION)))
package: image ## a Debian package, bin/ckexport_VERSION_ARCH.deb: the program, manual page, completions, systemd units
	@rm -rf bin/package && mkdir -p bin/package
	./bin/image/ckexport man | gzip -9n > bin/package/ckexport.1.gz
	gzip -9n < CHANGELOG.md > bin/package/changelog.gz
	@for shell in bash zsh fish; do ./bin/image/ckexport completion $$shell > bin/package/$$shell || exit 1; done
	@for unit in deploy/systemd/*; do sed 's#/usr/local/bin/#/usr/bin/#' $$unit > bin/package/$$(basename $$unit) || exit 1; done
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2> /dev/null || echo 0) ARCH=$$(go env GOARCH) PACKAGE_VERSION=$(PACKAGE_VERSION) \
		go tool -modfile=deploy/package/go.mod nfpm package --config deploy/package/nfpm.yaml --packager deb --target bin/

clean: ## remove what the targets above made
	rm -rf bin fleet.parquet fleet.duckdb testdata/client/node_modules

tools:
	@command -v go > /dev/null || { echo "Go is missing: https://go.dev/dl/"; exit 1; }
	@command -v cc > /dev/null || command -v gcc > /dev/null || { echo "a C compiler is missing; on Debian: apt-get install gcc libc6-dev"; exit 1; }

FORCE:
