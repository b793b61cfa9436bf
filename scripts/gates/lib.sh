# Sourced by the gates. A gate takes the tree to look at as its only argument (default: this one),
# prints what it found wrong as file:line: text, and fails when it had nothing to look at.
gates_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Enters the tree and fills files with its C files: tracked, or untracked and not ignored.
gate_files() {
    cd "${1:-$gates_dir/../..}" || exit 1
    local listed file
    if [ -e .git ]; then
        mapfile -t listed < <(git -c safe.directory='*' -c core.quotePath=off ls-files -co \
            --exclude-standard -- '*.c' '*.h' | LC_ALL=C sort -u)
    else
        mapfile -t listed < <(find . -name 'build*' -prune -o -type f -name '*.[ch]' -print |
            sed 's|^\./||' | LC_ALL=C sort)
    fi
    files=()
    for file in "${listed[@]}"; do
        if [ -f "$file" ]; then # not deleted in the work tree
            files+=("$file")
        fi
    done
}

# As gate_files, but an empty tree fails the gate.
gate_begin() {
    gate=$(basename "$0" .sh)
    gate_files "$@"
    if [ "${#files[@]}" -eq 0 ]; then
        echo "$gate: inspected nothing"
        exit 1
    fi
}

# gate_awk PROGRAM: runs it over the files, with strip() from strip.awk. The program counts what
# it inspected in `inspected` and reports with complain(); nothing inspected is a failure.
gate_awk() {
    awk -f "$gates_dir/strip.awk" -f "$gates_dir/$1" "${files[@]}"
}
