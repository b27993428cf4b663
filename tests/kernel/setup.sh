# Sourced by commands that need the project installed and a kernel with SCTP.
#
# The caller runs under `set -eu`, sets `repository` to an absolute path, and
# calls `prepare`; that sets `python`, the interpreter of an environment which
# has the project.  Then it can call `run_in_kernel`.
#
# The caller and `eval` assign variables that shellcheck cannot see.
# shellcheck shell=sh disable=SC2154

# Print facts about the interpreter as shell assignments, with one start of it.
python_facts='
import importlib.util, os, shlex, socket, sys, sysconfig

if sys.version_info < (3, 11):
    sys.exit(1)

def has(*modules):
    return all(map(importlib.util.find_spec, modules))

def makes_sctp_sockets():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
    except OSError:
        return False
    return True

base = getattr(sys, "_base_executable", None) or sys.executable
facts = {
    "base_python": base,
    # The same from within an environment, whose base may have another name.
    "real_python": os.path.realpath(base),
    "python_tag": sys.implementation.cache_tag + sys.abiflags,
    "python_version": "{}.{}".format(*sys.version_info),
    "python_build": sys.version,
    "python_is_system": os.path.realpath(base).startswith("/usr/bin/"),
    "python_has_venv": has("venv", "ensurepip"),
    "python_header": sysconfig.get_path("include") + "/Python.h",
    "module_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
    "compiler": sysconfig.get_config_var("CC") or "cc",
    "kernel_has_sctp": makes_sctp_sockets(),
}
for name, value in facts.items():
    print(f"{name}={shlex.quote(str(value))}")
'

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

is_root() {
    [ "$(id -u)" = 0 ]
}

# The guest runs as root.  The path of a user often lacks /usr/sbin.
has_command() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1
}

# The python3 of a version manager may be a shell script, which starts slowly.
# base_python is the program itself.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} \
        ${PYTHON:-python3 python3.13 python3.12 python3.11}
    do
        # Isolated, because the current directory may have our package.
        facts=$("$candidate" -I -c "$python_facts" 2>/dev/null) || continue
        eval "$facts"
        return
    done
    if [ -n "${PYTHON-}" ]; then
        fail "missing: Python 3.11 or later; PYTHON=$PYTHON is none"
    fi
    fail 'missing: Python 3.11 or later (Debian package python3 from Debian 12' \
        'on, or set PYTHON to one)'
}

load_host_sctp() {
    if [ ! -d /proc/net/sctp ] && is_root && has_command modprobe; then
        modprobe -q sctp 2>/dev/null || true
    fi
}

missing() {
    missing_things="$missing_things
missing: $1 (${2:+Debian package }${2:-$3})"
    missing_packages="$missing_packages${2:+ $2}"
}

# Only the python of the system has its parts in packages.
missing_of_python() {
    case $python_is_system,$base_python in
    True,*"$python_version") missing "$1" "python$python_version-$2" ;;
    True,*) missing "$1" "python3-$2" ;;
    *) missing "$1" '' "belongs to $base_python itself; install one that has it" ;;
    esac
}

compiles() {
    printf '#include <%s>\n' "$1" |
        ${CC:-$compiler} -E -x c - >/dev/null 2>&1
}

check_for_build() {
    # $CC and the compiler of Python may be commands with arguments.
    # shellcheck disable=SC2086
    set -- ${CC:-$compiler}
    if ! has_command "$1"; then
        missing "the C compiler $1" gcc
        [ -e /usr/include/stdio.h ] || missing 'stdio.h' libc6-dev
        [ -e /usr/include/netinet/sctp.h ] || missing 'netinet/sctp.h' libsctp-dev
    else
        compiles stdio.h || missing 'stdio.h' libc6-dev
        compiles netinet/sctp.h || missing 'netinet/sctp.h' libsctp-dev
    fi
    [ -e "$python_header" ] || missing_of_python 'Python.h' dev
    [ "$python_has_venv" = True ] || missing_of_python 'the venv module' venv
}

# Whether to run on this machine's kernel.  Not if KERNEL_RUN_LINUX names
# another one.
host_will_do() {
    [ "$kernel_has_sctp" = True ] && [ -z "${KERNEL_RUN_LINUX-}" ]
}

# The caller may set `tools` to further commands, each with its package.
check_for_run() {
    for tool in ${tools-}; do
        has_command "${tool%:*}" || missing "${tool%:*}" "${tool#*:}"
    done
    ! host_will_do || return 0
    has_command "${KERNEL_RUN_LINUX:-linux.uml}" ||
        missing 'a kernel with SCTP' user-mode-linux
    has_command modprobe || missing modprobe kmod
    has_command ip || missing ip iproute2
}

install_packages() {
    echo "installing Debian packages:$missing_packages" >&2
    apt_log=$repository/build/apt.log
    # The shell splits the list.
    # shellcheck disable=SC2086
    if ! {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
            --no-install-recommends -o DPkg::Lock::Timeout=300 \
            $missing_packages
    } </dev/null >"$apt_log" 2>&1; then
        cat "$apt_log" >&2
        fail 'apt-get failed'
    fi
}

# Print the commands that the extras $1 need.
check() {
    check_for_run
    if ! is_installed "$1"; then
        check_for_build
    fi
}

# Run the check $@.  If it fails, install the missing packages as root, and run
# it again.
provide() {
    missing_things=
    missing_packages=
    "$@"
    if [ -n "$missing_packages" ] && is_root && has_command apt-get; then
        install_packages
        find_python
        missing_things=
        missing_packages=
        "$@"
    fi
    [ -z "$missing_things" ] || fail "${missing_things#?}"
}

# Everything that the installed project depends on: interpreter, place, sources.
fingerprint() {
    echo "$real_python $python_build"
    (cd "$repository" && pwd -P && cksum pyproject.toml setup.py src/*)
}

# A stamp with extras covers the project without.
is_installed() {
    wanted=$(fingerprint)
    for stamp in "$environment/installed$1" "$environment/installed[test]"; do
        if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
            return 0
        fi
    done
    return 1
}

# Install the project with the extras $1, such as [test].
install_project() {
    wanted=$(fingerprint)
    rm -f "$environment"/installed*
    if ! "$python" -m pip --version >/dev/null 2>&1 ||
        [ "$(cat "$environment/python" 2>/dev/null)" != "$wanted_python" ]; then
        echo "making a virtual environment in ${environment#"$repository/"}" >&2
        "$base_python" -m venv --clear "$environment"
        echo "$wanted_python" >"$environment/python"
    fi
    # setuptools rebuilds after a change of a source, but not of a header.
    rm -f "$repository"/_sctp/*"$module_suffix"
    echo 'building the project' >&2
    (
        cd "$repository" || exit
        "$python" -m pip --disable-pip-version-check install --quiet -e ".$1"
    )
    echo "$wanted" >"$environment/installed$1"
}

# Prepare everything to build and run, with the extras $1, such as [test], or
# none.
prepare() {
    load_host_sctp
    find_python
    mkdir -p "$repository/build"
    environment=$repository/build/venv-$python_tag
    python=$environment/bin/python
    wanted_python="$real_python $python_build $(cd "$repository" && pwd -P)"
    # Two runs at the same time would install into the same environment.
    (
        if has_command flock; then
            flock 9
        fi
        provide check "$1" 9>&-
        if ! is_installed "$1"; then
            install_project "$1" 9>&-
        fi
    ) 9>"$repository/build/setup.lock"
}

# Become the command.  If this machine's kernel has SCTP, it runs there.
# Otherwise it runs on a kernel in user mode, whose temporary files do not stay
# on the host.  The caller may set `kernel_parameters`.
exec_in_kernel() {
    if host_will_do; then
        set -- --host -- "$@"
    else
        set -- ${kernel_parameters:+--append "$kernel_parameters"} -- \
            /usr/bin/env TMPDIR=/dev/shm "$@"
    fi
    exec "$base_python" "$repository/tests/kernel/run" \
        --timeout "${SCTP_TEST_TIMEOUT:-1800}" "$@"
}

run_in_kernel() {
    (exec_in_kernel "$@")
}
