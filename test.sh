#!/usr/bin/env bash
# Installs missing tools and runs all checks of the workspace. Requires Rust, and network access to install tools.
#
#   ./test.sh                everything
#   ./test.sh lint tests     only these steps, in this order
#
# Continues after a failure. The last line is "N passed, N failed": each Rust test and each other check counts one.
set -u
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
exec </dev/null

STEPS="format lint docs prose dependencies services tests features wasm openapi contract deploy pages python examples benches"

# Feature combinations that users may build, in addition to all features. One line of cargo arguments each.
FEATURE_SETS=(
    "-p anilibria-cache --no-default-features"
    "-p anilibria-cache --no-default-features --features conformance"
    "-p anilibria-cache --no-default-features --features coordination"
    "-p anilibria-cache --no-default-features --features coordination,disk"
    "-p anilibria-cache --no-default-features --features coordination,redis"
    "-p anilibria-cache --no-default-features --features disk"
    "-p anilibria-cache --no-default-features --features format"
    "-p anilibria-cache --no-default-features --features json,postcard"
    "-p anilibria-cache --no-default-features --features metrics"
    "-p anilibria-cache --no-default-features --features mongodb"
    "-p anilibria-cache --no-default-features --features redis"
    "-p anilibria-cache --no-default-features --features redis,tls-aws-lc"
    "-p anilibria-cache --no-default-features --features redis,tls-ring"
    "-p anilibria-cache --no-default-features --features test-util"
    "-p anilibria-client --no-default-features"
    "-p anilibria-client --no-default-features --features blocking"
    "-p anilibria-client --no-default-features --features blocking,download,v3"
    "-p anilibria-client --no-default-features --features cache"
    "-p anilibria-client --no-default-features --features download"
    "-p anilibria-client --no-default-features --features live"
    "-p anilibria-client --no-default-features --features live,sandbox"
    "-p anilibria-client --no-default-features --features brotli,gzip,http2,system-proxy,zstd"
    "-p anilibria-client --no-default-features --features metrics"
    "-p anilibria-client --no-default-features --features reflector"
    "-p anilibria-client --no-default-features --features tls"
    "-p anilibria-client --no-default-features --features tls-ring"
    "-p anilibria-client --no-default-features --features sandbox"
    "-p anilibria-client --no-default-features --features transfer"
    "-p anilibria-client --no-default-features --features v3"
    "-p anilibria-client --no-default-features --features v3,sandbox"
    "-p anilibria-sandbox --no-default-features"
    "-p anilibria-sandbox --no-default-features --features live"
    "-p anilibria-server --no-default-features"
    "-p anilibria-server --no-default-features --features torznab"
)

# Examples that need no other service.
EXAMPLES=(blocking browse_catalog cache_exchange_rates discord_bot download_episode live_notifications search_catalog
    telegram_bot v3_bot watch_releases)

CARGO_DENY_VERSION=0.20.2

# Checks the English of comments and Markdown by the rules in .vale.
VALE_VERSION=3.20.0

SCHEMATHESIS_VERSION=4.32.5

# Directory of tools that only the checks use.
TOOLS="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/anilibria-test"

VALE_BIN="$TOOLS/vale-$VALE_VERSION"

# Checks of links, tables and translations in Markdown.
DOCUMENTS_CHECK=.ci/documents.py

# Sources of the checks in TypeScript, and their build directory.
TYPESCRIPT=anilibria-server/tests/typescript
TYPESCRIPT_BUILD="$TOOLS/typescript"

# FerretDB speaks the MongoDB protocol and replaces a missing mongod. Version 1 is the last one without an external database.
FERRETDB_VERSION=1.24.2
FERRETDB_BIN="$TOOLS/ferretdb-$FERRETDB_VERSION"

# Stores and shows traces. The all-in-one program of version 1 is small enough to be built here, without its web pages.
JAEGER_VERSION=1.76.0
JAEGER_BIN="$TOOLS/jaeger-$JAEGER_VERSION"

# Programs of Debian packages that are unpacked instead of installed: an installation would start their services.
UNPACKED="$TOOLS/unpacked"

# Parses a compose file like `docker compose`, if Docker is missing.
COMPOSE_GO_VERSION=2.16.2
COMPOSE_GO_BIN="$TOOLS/compose-go-$COMPOSE_GO_VERSION"

# Files for the deployment of the server, and their checks.
DEPLOY=anilibria-server/deploy
DEPLOY_CHECK=anilibria-server/tests/deploy/check.py
MONITORING_CHECK=anilibria-server/tests/deploy/monitoring.py
ROTATION_CHECK=anilibria-server/tests/deploy/rotation.py

# Version in compose.yaml. The Debian package needs files that exist only after an installation.
ALERTMANAGER_VERSION=0.28.1
ALERTMANAGER_BIN="$TOOLS/alertmanager-$ALERTMANAGER_VERSION"

# A Python client of the old API, and the checks that use it.
PYTHON_CHECKS=anilibria-server/tests/python
PYTHON_TOOLS="$TOOLS/anilibria.py-1.0.4"

# Generator of a Go client from the API document, and the checks of that client.
OAPI_CODEGEN_VERSION=2.8.2
OAPI_CODEGEN_BIN="$TOOLS/oapi-codegen-$OAPI_CODEGEN_VERSION"
GO_CHECKS=anilibria-server/tests/go

# Generator of a Python client from the API document.
GENERATOR_TOOLS="$TOOLS/openapi-python-client-0.29.1"

# Colours would change the lines that are counted.
export CARGO_TERM_COLOR=never
export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:$FERRETDB_BIN:$JAEGER_BIN:$ALERTMANAGER_BIN:$UNPACKED/usr/sbin:$UNPACKED/usr/bin"

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust from https://rustup.rs" >&2
    echo "0 passed, 1 failed"
    exit 1
fi

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

passed=0
failed=0
failures="$scratch/failures"
left_out="$scratch/left_out"
: >"$failures"
: >"$left_out"

leave_out() {
    echo "left out: $1" | tee -a "$left_out"
}

begin() {
    title=$1
    started=$SECONDS
    printf '\n== %s\n' "$title"
}

# end PASSED FAILED: ends the step that `begin` started.
end() {
    passed=$((passed + $1))
    failed=$((failed + $2))
    local seconds=$((SECONDS - started))
    if [ "$2" -eq 0 ]; then
        echo "-- ok: $title (${seconds} s)"
    else
        echo "-- FAILED: $title (${seconds} s)" | tee -a "$failures"
    fi
}

# check TITLE COMMAND…: runs a check that counts one.
check() {
    begin "$1"
    shift
    if "$@"; then end 1 0; else end 0 1; fi
}

# component CARGO_COMMAND RUSTUP_NAME: installs a component of the toolchain that a minimal installation lacks.
component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    if command -v rustup >/dev/null; then
        rustup component add "$2"
    else
        echo "cargo $1 is missing, and there is no rustup to add it with: install $2" >&2
        return 1
    fi
}

format() {
    check "cargo fmt" formatted
}

formatted() {
    component fmt rustfmt && cargo fmt --all --check
}

lint() {
    check "cargo clippy" clippy --workspace --all-targets --all-features
}

clippy() {
    component clippy clippy && cargo clippy "$@" --locked -- -D warnings
}

docs() {
    check "cargo doc" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked
}

# Plain English in comments and Markdown, and links between documents.
prose() {
    check "links between documents" python3 "$DOCUMENTS_CHECK" links
    check "width of lines in documents" python3 "$DOCUMENTS_CHECK" layout
    check "README.ru.md has the commands and rows of README.md" python3 "$DOCUMENTS_CHECK" translation
    check "settings.md has all settings" python3 "$DOCUMENTS_CHECK" settings
    check "checks of documents find offences" python3 "$DOCUMENTS_CHECK" self-test
    installed "prose: Vale $VALE_VERSION" vale_tool || return
    check "the rules of Vale find offences" vale_rules
    check "Vale: comments and Markdown" vale *.md anilibria-* benches examples
}

vale_tool() {
    [ -x "$VALE_BIN/vale" ] && return
    have go || apt_install golang-go || return
    GOBIN="$VALE_BIN" go install -trimpath -ldflags "-s -w" "github.com/vale-cli/vale/v3/cmd/vale@v$VALE_VERSION"
}

vale() {
    "$VALE_BIN/vale" --no-global --config=.vale.ini --output=line --glob='!{**/node_modules/**,**/.venv/**,**/target/**}' "$@"
}

vale_rules() {
    # Fails, because the files contain offences.
    vale .ci/prose >"$scratch/prose.txt"
    [ -s "$scratch/prose.txt" ] && python3 "$DOCUMENTS_CHECK" prose "$scratch/prose.txt"
}

dependencies() {
    check "cargo deny: licenses, bans, sources" deny licenses bans sources
    if cargo deny --all-features --locked fetch db >/dev/null 2>&1; then
        check "cargo deny: advisories" deny --disable-fetch advisories
    else
        leave_out "cargo deny advisories (database not reachable)"
    fi
}

deny() {
    cargo deny --version >/dev/null 2>&1 || cargo install --locked "cargo-deny@$CARGO_DENY_VERSION" || return
    cargo deny --all-features --locked check "$@"
}

# Installs the servers and tools that tests start. Installed ones are required, so a test that cannot find them fails. Tests of
# missing ones are skipped.
services() {
    begin "servers and tools for tests"
    REQUIRE_TEST_SERVICES=""
    service redis install_redis redis-server redis-cli openssl
    if command -v mongod >/dev/null; then
        service mongodb false mongod
    else
        service mongodb build_ferretdb ferretdb
    fi
    service nginx unpack_nginx nginx
    service jaeger build_jaeger jaeger
    service promtool unpack_prometheus promtool
    service jq install_jq jq
    export REQUIRE_TEST_SERVICES
    end 0 0
}

# service NAME INSTALL PROGRAM…: requires a service. Runs INSTALL first if one of its programs is missing.
service() {
    local name=$1 install=$2 log="$scratch/install.log" before=$SECONDS
    shift 2
    if have "$@"; then
        REQUIRE_TEST_SERVICES+=" $name"
        echo "$name: $(command -v "$1")"
    elif "$install" >"$log" 2>&1 && have "$@"; then
        REQUIRE_TEST_SERVICES+=" $name"
        echo "$name: $(command -v "$1"), installed in $((SECONDS - before)) s"
    else
        tail -n 5 "$log"
        leave_out "$name (cannot install: $*)"
    fi
}

have() {
    local program
    for program; do
        command -v "$program" >/dev/null || return
    done
}

install_redis() {
    apt_install redis-server openssl
}

unpack_nginx() {
    apt_unpack nginx && nginx -v
}

install_jq() {
    apt_install jq
}

unpack_prometheus() {
    apt_unpack prometheus && promtool --version
}

apt_install() {
        # An unreachable package source may not be needed.
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# apt_unpack PACKAGE…: unpacks packages into a private directory.
apt_unpack() {
    local package
    as_root apt-get update -q
    for package; do
        rm -rf "$scratch/package" && mkdir -p "$scratch/package" "$UNPACKED" || return
        (cd "$scratch/package" && apt-get download -q "$package") || return
        dpkg-deb -x "$scratch"/package/*.deb "$UNPACKED" || return
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# "go install" cannot build FerretDB: the module lacks the file with its version, and the server does not start without that file.
build_ferretdb() {
    local version="v$FERRETDB_VERSION" source="$scratch/ferretdb"
    copy_module "github.com/FerretDB/FerretDB@$version" "$source" || return
    echo "$version" >"$source/build/version/version.txt"
    build_program "$source" ./cmd/ferretdb "$FERRETDB_BIN/ferretdb" -tags ferretdb_no_postgresql
}

build_jaeger() {
    copy_module "github.com/jaegertracing/jaeger@v$JAEGER_VERSION" "$scratch/jaeger" || return
    build_program "$scratch/jaeger" ./cmd/all-in-one "$JAEGER_BIN/jaeger"
}

# copy_module MODULE@VERSION DIRECTORY: copies the source of a Go program.
copy_module() {
    have go || apt_install golang-go || return
    local module
    module=$(go mod download -json "$1" | sed -nE 's/^\t"Dir": "(.*)",?$/\1/p')
    [ -n "$module" ] || return
    cp -R "$module" "$2" && chmod -R u+w "$2"
}

# build_program DIRECTORY PACKAGE PROGRAM OPTION…: builds the program of a package in DIRECTORY.
build_program() {
    local source=$1 package=$2 program=$3
    shift 3
    mkdir -p "$(dirname "$program")" || return
    CGO_ENABLED=0 go -C "$source" build -trimpath -ldflags "-s -w" "$@" -o "$program" "$package"
}

tests() {
    begin "cargo test"
    local log="$scratch/tests.log" skipped="$scratch/skipped" status name counts
    : >"$skipped"
    TEST_SERVICES_SKIPPED="$skipped" cargo test --workspace --all-features --locked --no-fail-fast 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    while read -r name; do
        leave_out "test $name (ignored)"
    done < <(grep -v "is run by another test" "$log" | sed -nE 's/^test (.*) \.\.\. ignored.*/\1/p')
    while read -r name; do
        leave_out "test $name"
    done < <(sed -nE 's/^skipped: (.*): (.*)$/\1 (\2)/p' "$skipped" | sort)
    read -r -a counts < <(count_tests "$status" "$log")
        # For cargo, a test that returned early because its server is missing has passed.
    end "$((counts[0] - $(wc -l <"$skipped")))" "${counts[1]}"
}

# count_tests STATUS LOG: prints the numbers of passed and failed tests. A test binary without a result counts as one failure, and
# so does a failed run without failed tests.
count_tests() {
    awk -v status="$1" '
        /^ +(Running|Doc-tests) / { silent += running; running = 1 }
        /^test result: / { passed += $4; failed += $6; running = 0 }
        END {
            failed += silent + running
            if (status != 0 && failed == 0) failed = 1
            print passed + 0, failed + 0
        }
    ' "$2"
}

wasm() {
    local target=wasm32-unknown-unknown
    if ! rustup target add "$target" >/dev/null 2>&1; then
        leave_out "cargo check for $target (the target cannot be installed)"
        return
    fi
    check "cargo check -p anilibria-client for $target" \
        cargo check -p anilibria-client --target "$target" --features metrics,v3 --locked
}

features() {
    local set arguments
    for set in "${FEATURE_SETS[@]}"; do
        read -r -a arguments <<<"$set"
        check "cargo clippy $set" clippy "${arguments[@]}"
    done
}

openapi() {
    check "openapi.yaml is what the server generates" openapi_is_current
}

openapi_is_current() {
    local checked_in=anilibria-server/openapi.yaml generated="$scratch/openapi.yaml"
    local command=(cargo run -q --locked -p anilibria-server -- openapi --format yaml)
    "${command[@]}" >"$generated" || return
    diff -u "$checked_in" "$generated" && return
    echo "to accept the change: ${command[*]} > $checked_in"
    return 1
}

# Checks of the API document and of the service by independent tools.
contract() {
    if installed "contract: redocly, TypeScript" node_tools; then
        check "redocly lint openapi.yaml, and the same in 3.1" redocly
        check "tsc: types made from openapi.yaml, and a client made by orval" compile_typescript
        check "every operation through these types" with_service node --test "$TYPESCRIPT_BUILD/build/operations.test.js"
        check "orval: typed answers of every operation" with_service node --test "$TYPESCRIPT_BUILD/build/orval.test.js"
        check "asyncapi.yaml, as AsyncAPI's parser reads it" with_service node --test "$TYPESCRIPT_BUILD/build/asyncapi.test.js"
    fi
    if installed "contract: oapi-codegen" go_tools; then
        check "oapi-codegen: typed answers of every operation" with_service go_client
    fi
    if installed "contract: openapi-python-client" generator_tools; then
        check "openapi-spec-validator: the document in 3.1" valid_openapi_3_1
        check "openapi-python-client: typed answers of every operation" with_service generated_client
    fi
    if installed "contract: schemathesis" schemathesis_tool; then
        check "schemathesis: whatever the document allows" with_service schemathesis
    fi
}

# Checks of the files in deploy by the programs that read them. A Rust test starts nginx with them as well.
deploy() {
    if installed "deploy: nginx, promtool, python3" operators_tools; then
        check "nginx -t" nginx_configuration
        if unshare_mount true 2>/dev/null; then
            check "nginx -t without a name server" nginx_without_name_server
        else
            leave_out "deploy: nginx -t without a name server (unshare is not permitted)"
        fi
        check "promtool: configuration and rules" promtool check config "$DEPLOY/prometheus/prometheus.yml"
        check "promtool: when alerts fire" promtool test rules "$DEPLOY"/prometheus/tests/*.yml
        check "promtool: queries of dashboards" dashboard_queries
        if installed "deploy: alertmanager, amtool" alertmanager_tool; then
            check "amtool: routes of alerts" alert_routes
            check "alertmanager: notifications and inhibition" python3 "$MONITORING_CHECK" alertmanager
            check "alertmanager: no start without an address for notifications" python3 "$MONITORING_CHECK" addresses
            if installed "deploy: exporters, redis" exporters; then
                check "prometheus: from the service, nginx and Redis to notifications" prometheus_chain
            fi
        fi
    fi
    if installed "deploy: python3" python_interpreter; then
        check "dashboards, rules and alerts ask for what is measured" python3 "$DEPLOY_CHECK" metrics
        check "alerts have tests and are explained" python3 "$DEPLOY_CHECK" alerts
        check ".env.example has the settings of the server" env_example
        if installed "deploy: the compose file" compose_tool; then
            check "compose file" compose_file
        fi
        check "systemd: change of the secrets" secret_rotation
    fi
    if have systemd-analyze; then
        check "systemd-analyze verify" systemd_unit
    else
        leave_out "deploy: the unit of systemd (no systemd-analyze)"
    fi
}

operators_tools() {
    have nginx promtool prometheus || apt_unpack nginx prometheus || return
    python_interpreter && nginx -v && promtool --version
}

exporters() {
    have prometheus-blackbox-exporter prometheus-redis-exporter ||
        apt_unpack prometheus-blackbox-exporter prometheus-redis-exporter || return
    have redis-server || install_redis || return
    prometheus-blackbox-exporter --version && prometheus-redis-exporter --version
}

python_interpreter() {
    have python3 || apt_install python3
}

# Replaces the names of the instances, which this machine cannot resolve.
nginx_configuration() {
    local copy="$scratch/nginx"
    copy_nginx "$copy" || return
    sed -i -E 's/(server|default) [a-z0-9-]+:([0-9]+)/\1 127.0.0.1:\2/' "$copy/anilibria/hosts.conf"
    nginx -t -e stderr -p "$copy" -c nginx.conf
}

# copy_nginx DIRECTORY: copies the configuration of nginx, and replaces directories that may not be writable here.
copy_nginx() {
    mkdir -p "$1/tmp" && cp -R "$DEPLOY/nginx/." "$1" || return
    sed -i "s| /var/cache/nginx| $1|" "$1/anilibria/cache_path.conf"
    sed -i "s| /tmp/| $1/tmp/|; s| /dev/std| $1/std|; /mime.types/d" "$1/nginx.conf"
}

# nginx reads the names of the instances from /etc/hosts, like the container with `extra_hosts` of compose.yaml. Without these
# entries the same configuration must fail; otherwise the check would prove nothing.
nginx_without_name_server() {
    local copy="$scratch/nginx-names" entries
    copy_nginx "$copy" || return
    entries=$(sed -nE 's/^ +(anilibria-[0-9]+): "\$\{[A-Z0-9_]+:-([0-9.]+)\}"$/\2 \1/p' "$DEPLOY/compose.yaml")
    echo 127.0.0.1 localhost >"$copy/hosts"
    : >"$copy/resolv.conf"
    if nginx_with_hosts "$copy" 2>"$copy/error"; then
        echo "nginx -t succeeds without the entries"
        return 1
    fi
    grep 'host not found in upstream "anilibria-1' "$copy/error" || return
    echo "$entries" >>"$copy/hosts"
    nginx_with_hosts "$copy"
}

# nginx_with_hosts COPY: tests the configuration in COPY with the name resolution of COPY.
nginx_with_hosts() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare_mount sh -c 'mount --bind "$1/hosts" /etc/hosts && mount --bind "$1/resolv.conf" /etc/resolv.conf &&
        exec nginx -t -e stderr -p "$1" -c nginx.conf' sh "$1"
}

# unshare_mount COMMAND…: runs COMMAND in a separate mount namespace.
unshare_mount() {
    if [ "$(id -u)" -eq 0 ]; then unshare --mount "$@"; else unshare --map-root-user --mount "$@"; fi
}

dashboard_queries() {
    python3 "$DEPLOY_CHECK" queries >"$scratch/queries.yml" && promtool check rules "$scratch/queries.yml"
}

alert_routes() {
    local config="$DEPLOY/alertmanager/alertmanager.yml"
    amtool check-config "$config" &&
        route_leads "$config" critical severity=critical &&
        route_leads "$config" alerts severity=warning &&
        route_leads "$config" alerts severity=unheard-of &&
        route_leads "$config" alerts severity=info &&
        route_leads "$config" deadman alertname=Watchdog severity=none
}

route_leads() {
    amtool config routes test --config.file "$1" --verify.receivers "$2" "$3" 2>/dev/null
}

alertmanager_tool() {
    have alertmanager amtool && return
    have go || apt_install golang-go || return
    local commands=github.com/prometheus/alertmanager/cmd
    CGO_ENABLED=0 GOBIN="$ALERTMANAGER_BIN" go install -trimpath -ldflags "-s -w" \
        "$commands/alertmanager@v$ALERTMANAGER_VERSION" "$commands/amtool@v$ALERTMANAGER_VERSION"
}

secret_rotation() {
    cargo build -q --locked -p anilibria-server &&
        python3 "$ROTATION_CHECK" "${CARGO_TARGET_DIR:-target}/debug/anilibria-server"
}

prometheus_chain() {
    cargo build -q --locked -p anilibria-server &&
        python3 "$MONITORING_CHECK" prometheus "${CARGO_TARGET_DIR:-target}/debug/anilibria-server"
}

env_example() {
    cargo build -q --locked -p anilibria-server &&
        python3 "$DEPLOY_CHECK" settings "${CARGO_TARGET_DIR:-target}/debug/anilibria-server"
}

compose_tool() {
    docker compose version || [ -x "$COMPOSE_GO_BIN/cmd" ] && return
    have go || apt_install golang-go || return
    GOBIN="$COMPOSE_GO_BIN" go install "github.com/compose-spec/compose-go/v2/cmd@v$COMPOSE_GO_VERSION"
}

# Parses compose files of a copy that contains the secrets, and prints the result as JSON.
compose_model() {
    if docker compose version >/dev/null 2>&1; then
        docker compose --project-directory . --profile "*" "${@/#/--file=}" config --format json
    else
        "$COMPOSE_GO_BIN/cmd" --format json "$@"
    fi
}

compose_file() (
    copy="$scratch/compose"
    mkdir -p "$copy" && cp -R "$DEPLOY/." "$copy" || exit
    check="$PWD/$DEPLOY_CHECK"
    binary="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/anilibria-server"
    cargo build -q --locked -p anilibria-server && cd "$copy" && ./make-secrets.sh >/dev/null || exit
    cp .env.example .env
    compose_model compose.yaml >model.json && python3 "$check" compose model.json "$binary" || exit
    compose_model compose.yaml compose.rotation.yaml >model.json && python3 "$check" compose model.json "$binary"
)

systemd_unit() {
    local unit="$scratch/anilibria-server.service" dropins="$scratch/anilibria-server.service.d"
        # The program of the unit must exist.
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$DEPLOY/systemd/anilibria-server.service" >"$unit"
    systemd-analyze verify "$unit" || return
        # The unit with the drop-in for a secret rotation.
    mkdir -p "$dropins" && cp "$DEPLOY/systemd/rotation.conf" "$dropins" && systemd-analyze verify "$unit"
}

# Tests of the pages of the service in a browser. Screenshots are in target/screenshots.
pages() {
    installed "pages: Chromium" page_tools || return
    export SCREENSHOTS="${CARGO_TARGET_DIR:-target}/screenshots"
    check "documentation in Chromium" documentation_page
    check "front page in Chromium" own_page front
    check "live events in Chromium" own_page live
}

# installed NAME INSTALL: succeeds if INSTALL can install the tools of the checks called NAME.
installed() {
    local log="$scratch/install.log"
    "$2" >"$log" 2>&1 && return
    tail -n 5 "$log"
    leave_out "$1 (cannot install)"
    return 1
}

node_tools() {
    have node npm openssl || apt_install nodejs npm openssl || return
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "needs Node.js 20"; return 1; }
    mkdir -p "$TYPESCRIPT_BUILD" || return
    local lock=package-lock.json
    if ! cmp -s "$TYPESCRIPT/$lock" "$TYPESCRIPT_BUILD/installed.json"; then
        cp "$TYPESCRIPT/package.json" "$TYPESCRIPT/$lock" "$TYPESCRIPT_BUILD" || return
        npm ci --prefix "$TYPESCRIPT_BUILD" --ignore-scripts --no-audit --no-fund || return
        cp "$TYPESCRIPT/$lock" "$TYPESCRIPT_BUILD/installed.json"
    fi
}

# node_tool NAME ARGUMENT…: runs a tool that npm installed.
node_tool() {
    local name=$1
    shift
    "$TYPESCRIPT_BUILD/node_modules/.bin/$name" "$@"
}

# openapi_3_1 FORMAT FILE: the document in OpenAPI 3.1. The one that is checked in is in OpenAPI 3.0.
openapi_3_1() {
    cargo build -q --locked -p anilibria-server || return
    "${CARGO_TARGET_DIR:-target}/debug/anilibria-server" openapi --spec 3.1 --format "$1" >"$2"
}

redocly() {
    openapi_3_1 yaml "$scratch/openapi-3.1.yaml" || return
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true node_tool redocly lint \
        --config anilibria-server/redocly.yaml anilibria-server/openapi.yaml "$scratch/openapi-3.1.yaml"
}

compile_typescript() {
    rm -rf "$TYPESCRIPT_BUILD/src" "$TYPESCRIPT_BUILD/build"
    cp -R "$TYPESCRIPT/src" "$TYPESCRIPT/package.json" "$TYPESCRIPT/tsconfig.json" "$TYPESCRIPT/orval.config.cjs" \
        "$TYPESCRIPT_BUILD" || return
    node_tool openapi-typescript anilibria-server/openapi.yaml -o "$TYPESCRIPT_BUILD/src/document.ts" || return
    openapi_3_1 yaml "$TYPESCRIPT_BUILD/openapi-3.1.yaml" || return
    (cd "$TYPESCRIPT_BUILD" && node_modules/.bin/orval --config orval.config.cjs) || return
    node_tool tsc --project "$TYPESCRIPT_BUILD"
}

go_tools() {
    have go || apt_install golang-go || return
    have openssl || apt_install openssl || return
    go -C "$GO_CHECKS" mod download || return
    [ -x "$OAPI_CODEGEN_BIN/oapi-codegen" ] && return
    GOBIN="$OAPI_CODEGEN_BIN" go install "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v$OAPI_CODEGEN_VERSION"
}

go_client() {
    local checks="$scratch/go"
    cp -R "$GO_CHECKS" "$checks" && mkdir "$checks/anilibria" && openapi_3_1 json "$checks/openapi.json" || return
    "$OAPI_CODEGEN_BIN/oapi-codegen" -generate types,client -package anilibria \
        -o "$checks/anilibria/client.gen.go" "$checks/openapi.json" || return
    go -C "$checks" test -count=1 ./...
}

valid_openapi_3_1() {
    openapi_3_1 json "$scratch/openapi-3.1.json" || return
    "$GENERATOR_TOOLS/bin/python" -m openapi_spec_validator --schema 3.1 "$scratch/openapi-3.1.json"
}

schemathesis_tool() {
    have openssl || apt_install openssl || return
    local venv="$TOOLS/schemathesis-$SCHEMATHESIS_VERSION"
    [ -x "$venv/bin/schemathesis" ] && return
    python3 -m venv "$venv" || { apt_install python3 python3-venv && python3 -m venv "$venv"; } || return
    "$venv/bin/pip" install -q "schemathesis==$SCHEMATHESIS_VERSION"
}

# Each run sends the same requests, so that failures are reproducible. Files are written to the scratch directory. Event streams
# are excluded, because they do not end.
schemathesis() (
    cd "$scratch" || exit
    "$TOOLS/schemathesis-$SCHEMATHESIS_VERSION/bin/schemathesis" run "$SERVICE_URL/openapi.json" \
        --url "$SERVICE_URL" --header "Authorization: Bearer $INTERNAL_TOKEN" \
        --exclude-path /events \
        --phases examples,coverage,fuzzing --checks all --max-examples 100 --generation-deterministic \
        --workers 2 --continue-on-failure --no-color
)

page_tools() {
    node_tools || return
    CHROMIUM=$(chromium_path) || { apt_install chromium && CHROMIUM=$(chromium_path); } || return
    export CHROMIUM
}

chromium_path() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

documentation_page() {
    compile_typescript && with_service node --test "$TYPESCRIPT_BUILD/build/docs.page.js"
}

# own_page NAME: runs the tests of a page. The tests start services themselves.
own_page() {
    compile_typescript && cargo build -q --locked -p anilibria-server || return
    SERVER="${CARGO_TARGET_DIR:-target}/debug/anilibria-server" node --test "$TYPESCRIPT_BUILD/build/$1.page.js"
}

# The published Python client of the old API. Each of its methods and each kind of received event counts one.
python() {
    installed "python: anilibria.py" python_tools || return
    begin "anilibria.py against the service"
    local log="$scratch/python.log" counts
    cargo build -q --locked -p anilibria-server || { end 0 1; return; }
    SERVER="${CARGO_TARGET_DIR:-target}/debug/anilibria-server" PYTHONDONTWRITEBYTECODE=1 \
        "$PYTHON_TOOLS/bin/python" "$PYTHON_CHECKS/run.py" 2>&1 | tee "$log"
    read -r -a counts < <(count_python_tests "${PIPESTATUS[0]}" "$log")
    end "${counts[@]}"
}

python_tools() {
    have openssl || apt_install openssl || return
    python_packages "$PYTHON_CHECKS/requirements.txt" "$PYTHON_TOOLS"
}

generator_tools() {
    have openssl || apt_install openssl || return
    python_packages "$PYTHON_CHECKS/generator.txt" "$GENERATOR_TOOLS"
}

# python_packages REQUIREMENTS DIRECTORY: installs packages in a virtual environment, unless they are installed.
python_packages() {
    cmp -s "$1" "$2/installed.txt" && return
    python3 -m venv "$2" || { apt_install python3 python3-venv && python3 -m venv "$2"; } || return
    "$2/bin/pip" install -q -r "$1" && cp "$1" "$2/installed.txt"
}

generated_client() {
    mkdir -p "$scratch/client" || return
    CLIENT_DIRECTORY="$scratch/client" PYTHONDONTWRITEBYTECODE=1 \
        "$GENERATOR_TOOLS/bin/python" "$PYTHON_CHECKS/generated_client.py"
}

# count_python_tests STATUS LOG: prints the numbers of passed and failed tests. A failed run without failed tests counts as one
# failure, and so does a run without tests.
count_python_tests() {
    awk -v status="$1" '
        /^Ran / { ran = $2 }
        /^FAILED / { for (i = 2; i <= NF; i++) { gsub(/[^0-9]/, "", $i); failed += $i } }
        END {
            if ((status != 0 || ran == 0) && failed == 0) failed = 1
            print (ran > failed ? ran - failed : 0), failed + 0
        }
    ' "$2"
}

# with_service COMMAND…: starts a service that uses the sandbox, runs COMMAND with the URL of the service and a token of another
# service, and stops the service. A panic of the service fails the check.
with_service() (
    cargo build -q --locked -p anilibria-server || exit
    secret=$(openssl rand -hex 32)
    log="$scratch/service.log"
    # The service of an earlier check may have left its address there.
    : >"$log"
    env -i INTERNAL_JWT_SECRET="$secret" CACHE_DIR=off RATE_LIMIT_REQUESTS_PER_MINUTE=0 \
        "${CARGO_TARGET_DIR:-target}/debug/anilibria-server" --sandbox --port 0 >"$log" 2>&1 &
    service=$!
    trap 'kill "$service" 2>/dev/null' EXIT
    until grep -q listening "$log"; do
        kill -0 "$service" 2>/dev/null || { cat "$log"; exit 1; }
        sleep 0.1
    done
    SERVICE_URL=$(grep -m 1 listening "$log" | grep -oE 'http://[0-9.:]+')
    INTERNAL_TOKEN=$(service_token "$secret")
    export SERVICE_URL INTERNAL_TOKEN
    "$@" || { tail -n 20 "$log"; exit 1; }
    ! grep panicked "$log"
)

# service_token SECRET: prints a token of another service with read and write access for an hour.
service_token() {
    local message
    message=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$(printf \
        '{"service":"nodejs","permissions":["read","write"],"exp":%d}' "$(($(date +%s) + 3600))" | base64url)
    printf '%s.%s' "$message" "$(printf '%s' "$message" | openssl dgst -sha256 -hmac "$1" -binary | base64url)"
}

base64url() {
    openssl base64 -A | tr '+/' '-_' | tr -d '='
}

examples() {
    local example
    for example in "${EXAMPLES[@]}"; do
        check "example $example" cargo run -q --locked -p anilibria-examples --example "$example"
    done
}

# Short runs without thresholds, so that the measurements keep working.
benches() {
    installed "benches: wrk" wrk_tool || return
    check "bench load" bench load --rounds 1 --seconds 1 --connections 8
    check "bench endurance" bench endurance --minutes 0.1 --clients 4 --live 4
}

# bench NAME ARGUMENT…: runs a measurement of the debug build. With the features of the tests, little is built again.
bench() {
    local name=$1
    shift
    cargo test --workspace --all-features --locked --bench "$name" -- \
        --server "$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/anilibria-server" --output "$scratch/benches" "$@"
}

wrk_tool() {
    have wrk || apt_install wrk
}

# shellcheck disable=SC2048,SC2086 # the steps are words, to be split
for step in ${*:-$STEPS}; do
    case " $STEPS " in
        *" $step "*) "$step" ;;
        *)
            echo "no step is called \"$step\"; there are: $STEPS" >&2
            exit 2
            ;;
    esac
done

echo
cat "$failures" "$left_out"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
