#!/usr/bin/env bash
# Brings what the commands of the Makefile need; does nothing that is done already.
#   deploy/dev/setup.sh            Python packages into .venv
#   deploy/dev/setup.sh --tests    and, where apt may be used, a browser, fonts, node, java, nginx, curl, jq, iptables and
#                                  faketime for the tests
# RabbitMQ and PostgreSQL are brought by deploy/demo when they are needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }

find_python() {
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "Python 3.11, 3.12 or 3.13 is needed; set PYTHON=/path/to/python" >&2
    exit 3
}

apt_may_be_used() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

apt_install() { # package names; says what it does, keeps quiet otherwise
    say "installing $*"
    [ -n "${APT_UPDATED:-}" ] || { apt-get -qq update </dev/null; APT_UPDATED=1; }
    # RUNLEVEL=1: a package must not start a server of its own
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" </dev/null >/dev/null
}

make_environment() {
    [ -x .venv/bin/python ] && return
    local python
    python=$(find_python)
    say "creating .venv with $("$python" --version)"
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        # Debian keeps ensurepip in a package of its own (python3-venv); the pip that is there can serve instead
        "$python" -m venv --without-pip .venv
        "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check pip
    fi
}

install_packages() {
    local wanted stamp=.venv/.installed
    wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -d' ' -f1)
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
    say "installing the locked Python packages (once)"
    # --no-deps: the lock names everything, and older pips look past it where a package asks for another's extra
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    .venv/bin/python -m pip check --quiet
    echo "$wanted" >"$stamp"
}

bring_test_tools() {
    apt_may_be_used || return 0
    local missing=()
    command -v chromium >/dev/null 2>&1 || missing+=(chromium)
    [ -e /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf ] || missing+=(fonts-noto-core)
    command -v rabbitmq-server >/dev/null 2>&1 || [ -e /usr/sbin/rabbitmq-server ] || missing+=(rabbitmq-server)
    command -v java >/dev/null 2>&1 || missing+=(default-jre-headless)
    command -v node >/dev/null 2>&1 || missing+=(nodejs npm)
    command -v nginx >/dev/null 2>&1 || missing+=(nginx-light)
    for tool in curl jq iptables faketime; do command -v "$tool" >/dev/null 2>&1 || missing+=("$tool"); done
    [ ${#missing[@]} -eq 0 ] || apt_install "${missing[@]}"
}

make_environment
install_packages
[ "${1:-}" = --tests ] && bring_test_tools
exit 0
