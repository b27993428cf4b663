# Sourced by commands that look for errors that a test alone cannot see.
#
# The caller runs under `set -eu`, sets `repository` and has sourced
# kernel/setup.sh.  Each tool has two functions: prepare_NAME is called before
# `prepare`, and run_NAME is called in the repository with the arguments of
# `python`.
#
# The functions of setup.sh set variables and read ours, and a compiler may have
# arguments.
# shellcheck shell=sh disable=SC2034,SC2086,SC2154

reports=$repository/build/reports-${under-}

# Run the command in a kernel.  Fail if it fails or leaves a report, and print
# the reports.  A failed allocation that a test asks for is not a report.
run_and_report() {
    rm -rf "$reports"
    mkdir -p "$reports"
    status=0
    run_in_kernel "$@" || status=$?
    if grep -rhv 'AddressSanitizer failed to allocate' "$reports" >&2; then
        fail "the reports are in $reports"
    fi
    return "$status"
}

# The sanitizers want for themselves what user-mode kernels without seccomp use
# of a process's address space.
use_kernel_for_sanitizers() {
    SCTP_TEST_KERNEL=sid
    kernel_parameters=seccomp=on
}

# Make Python import modules that are built with AddressSanitizer and UBSan.
# Run it with LD_PRELOAD set to $preload.
use_sanitized_modules() {
    cc=${CC:-$compiler}
    modules=$repository/build/sanitized-$python_tag
    mkdir -p "$modules/_sctp"
    cp _sctp/*.py* _sctp/py.typed "$modules/_sctp"
    # Each module gets more sources than it needs.  If UBSan and
    # AddressSanitizer are shared objects, UBSan uses the log_path of the other.
    shared=$(find src -name '*.c' ! -name 'sctp*.c' ! -name associations.c \
        ! -name option.c)
    for module in 'sctp associations option' sctp_info sctp_event; do
        # shellcheck disable=SC2086
        own=$(printf 'src/%s.c ' $module)
        module=${module%% *}
        $cc -fsanitize=address,undefined -fno-sanitize-recover=all \
            -static-libubsan -Wl,--exclude-libs,libubsan.a \
            -std=gnu11 -O1 -g -fno-omit-frame-pointer -fPIC \
            -fvisibility=hidden -shared -I"${python_header%/*}" \
            -o "$modules/_sctp/$module.so" $own $shared -lsctp
    done
    preload=$($cc -print-file-name=libasan.so)
    # The current directory has the installed modules.  The allocator of the
    # interpreter would hide reads after the end of an object.  Leaks of the
    # interpreter at its end are not ours.
    export PYTHONPATH="$modules:$repository" PYTHONSAFEPATH=1
    export PYTHONMALLOC=malloc
    export ASAN_OPTIONS=detect_leaks=0:malloc_context_size=4
    export UBSAN_OPTIONS=print_stacktrace=1
}

prepare_sanitize() {
    use_kernel_for_sanitizers
    : "${SCTP_TEST_TIMEOUT:=3600}"
}

# Freed memory is kept for a while.  It must be less than the tests of leaks
# allow.
run_sanitize() {
    use_sanitized_modules
    ASAN_OPTIONS=$ASAN_OPTIONS:allocator_may_return_null=1:quarantine_size_mb=1
    ASAN_OPTIONS=$ASAN_OPTIONS:thread_local_quarantine_size_kb=64
    ASAN_OPTIONS=$ASAN_OPTIONS:log_path="'$reports/asan'"
    UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path="'$reports/ubsan'"
    run_and_report /usr/bin/env LD_PRELOAD="$preload" "$python" "$@"
}

prepare_memcheck() {
    tools="$tools valgrind:valgrind"
    : "${SCTP_TEST_TIMEOUT:=7200}"
}

# Valgrind watches only the process of the tests.  Its own notes make that
# process grow.
run_memcheck() {
    case $* in
    *tests/*) ;;
    *)
        set -- "$@" -k 'not leak' tests/test_addresses.py tests/test_messages.py \
            tests/test_option_classes.py tests/test_options.py \
            tests/test_parse_notification.py tests/test_sctp_info.py \
            tests/test_sctp_recvv.py tests/test_sctp_sendv.py \
            tests/test_sockaddr.py
        ;;
    esac
    export PYTHONMALLOC=malloc
    run_and_report valgrind --quiet --error-exitcode=99 \
        --suppressions=tests/memcheck.supp --log-file="$reports/memcheck" \
        "$python" "$@"
}

# pip does not run under the tool.
prepare_tsan() {
    use_kernel_for_sanitizers
    : "${SCTP_TEST_TIMEOUT:=3600}"
    PYTHON=$("$repository/tests/build_python.sh" --only thread-sanitizer)
    export PYTHON TSAN_OPTIONS=report_bugs=0
}

# The modules are built as their CPython is.  After a test that has started a
# process, a kernel in user mode may let the threads of later ones hang.
# Hypothesis's plugin would import all of it when the tests have ended, which
# takes minutes here.
run_tsan() {
    case $* in
    *tests/*) ;;
    *)
        set -- "$@" -k 'thread and not import and not name' \
            tests/test_free_threading.py tests/test_integration.py \
            tests/test_waiting.py
        ;;
    esac
    suppressions=$repository/build/tsan-suppressions.txt
    cat "$sid/python$python_version/Tools/tsan/suppressions_free_threading.txt" \
        tests/tsan-suppressions.txt >"$suppressions"
    TSAN_OPTIONS=suppressions="'$suppressions'":print_suppressions=0
    TSAN_OPTIONS=$TSAN_OPTIONS:handle_segv=0:log_path="'$reports/tsan'"
    run_and_report "$python" "$@" -p no:hypothesispytest
}

prepare_pydebug() {
    : "${SCTP_TEST_TIMEOUT:=3600}"
    PYTHON=$("$repository/tests/build_python.sh" --only debug)
    export PYTHON
}

# A failed assertion ends the run.
run_pydebug() {
    exec_in_kernel "$python" "$@"
}
