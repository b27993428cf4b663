# Sourced by commands that need packages of Debian's unstable distribution, sid.
#
# apt gets them with a configuration, lists and a cache of its own under
# `$repository/build/sid`: the machine's stay as they are.  Signatures are
# checked as ever.  The caller runs under `set -eu`, sets `repository` and has
# sourced kernel/setup.sh.
#
# shellcheck shell=sh disable=SC2154

sid=$repository/build/sid

# Run a command of apt with sid's lists, fetched where there are none or where
# they are of yesterday.  Testing has the sources that a mirror lacks of sid.
with_sid() {
    mkdir -p "$sid/lists/partial" "$sid/archives/partial"
    for what in 'deb sid' 'deb-src sid' 'deb-src testing'; do
        echo "${what% *}" \
            "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
            "http://deb.debian.org/debian ${what#* } main"
    done >"$sid/sources.list"
    : >"$sid/status"
    cat >"$sid/apt.conf" <<CONFIGURATION
Dir::State "$sid";
Dir::State::Status "$sid/status";
Dir::Cache "$sid";
Dir::Etc::SourceList "$sid/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
APT::Sandbox::User "$(id -un)";
CONFIGURATION
    if [ -z "$(find "$sid/lists" -name '*Sources*' -mtime -1)" ]; then
        APT_CONFIG=$sid/apt.conf apt-get update -qq
    fi
    APT_CONFIG=$sid/apt.conf "$@"
}

check_for_sid_kernel() {
    has_command apt-get || missing apt-get '' 'only Debian and its relatives'
    has_command patchelf || missing patchelf patchelf
}

# Have commands that run in a kernel use sid's: the newest in user mode, with
# the libc that it was linked for.
use_sid_kernel() {
    kernel=$sid/kernel
    if [ ! -d "$kernel" ]; then
        mkdir -p "$sid"
        provide check_for_sid_kernel
        (
            rm -rf "$kernel.new"
            mkdir "$kernel.new"
            cd "$kernel.new" || exit
            with_sid apt-get download -qq user-mode-linux libc6
            for package in *.deb; do
                dpkg-deb -x "$package" .
                rm "$package"
            done
            libc=$kernel/usr/lib/x86_64-linux-gnu
            patchelf --set-rpath "$libc" \
                --set-interpreter "$libc/ld-linux-x86-64.so.2" usr/bin/linux.uml
            mv "$kernel.new" "$kernel"
        )
    fi
    export KERNEL_RUN_LINUX="$kernel/usr/bin/linux.uml"
    export KERNEL_RUN_MODULES="$kernel/usr/lib/uml/modules"
}
