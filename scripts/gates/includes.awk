BEGIN {
    # A folder may include itself and folders of a lower rank. tests/ may include everything.
    rank["base"] = 1; rank["config"] = 2; rank["wire"] = 3; rank["storage"] = 4
    rank["runtime"] = 5; rank["edge"] = 6; rank["actors"] = 6; rank["client"] = 6
    rank["tools"] = 7; rank["bench"] = 8

    # Library header -> paths that may see it.
    allowed["lmdb.h"] = "^(storage|tests|bench)/"
    allowed["uv.h"] = "^(runtime/(world_uv|node|node_internal|node_figures|worker|log_writer|state_writer|state_version|recovery|lanes)[.][ch]$|(edge|client|tools|bench|tests)/)"
    allowed["libwebsockets.h"] = "^(edge|client|tools|bench|tests)/"
    allowed["llhttp.h"] = "^edge/http_llhttp[.]c$"
}

# The library header whose rule covers this one, or "".
function library(name) {
    if (name in allowed) { return name }
    if (name ~ /^uv\// && name != "uv/tree.h") { return "uv.h" } # tree.h is macros only
    if (name ~ /^libwebsockets\//) { return "libwebsockets.h" }
    return ""
}

function folder(path) {
    return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : ""
}

function check_direction(name, quoted,    from, to) {
    from = folder(FILENAME)
    to = folder(name)
    if (!(from in rank)) { return }
    if (quoted && !(to in rank)) {
        complain(FNR, "\"" name "\": not a path from the root into a layer " from "/ may include")
    } else if (to in rank && to != from && rank[to] >= rank[from]) {
        complain(FNR, from "/ may not include " to "/")
    }
}

FNR == 1 { sources[++source_count] = FILENAME }

!began_in_comment && /^[ \t]*#[ \t]*include/ {
    inspected++
    name = $0
    sub(/^[ \t]*#[ \t]*include[a-z_]*[ \t]*/, "", name)
    open = substr(name, 1, 1)
    if (open != "\"" && open != "<") {
        if (folder(FILENAME) in rank) { complain(FNR, "include of a macro cannot be judged") }
        next
    }
    name = substr(name, 2)
    sub(open == "<" ? ">.*$" : "\".*$", "", name)
    check_direction(name, open == "\"")
    edge_count[FILENAME]++
    edge_to[FILENAME, edge_count[FILENAME]] = name
    edge_line[FILENAME, edge_count[FILENAME]] = FNR
}

# Follows what a file includes, breadth first, and complains of each library it may not see.
function walk(source,    queue, via, line, head, tail, at, i, to, lib, seen) {
    queue[1] = source
    via[1] = source
    head = tail = 1
    seen[source] = 1
    while (head <= tail) {
        at = queue[head]
        for (i = 1; i <= edge_count[at]; i++) {
            to = edge_to[at, i]
            line[head] = head == 1 ? edge_line[at, i] : line[head]
            lib = library(to)
            if (lib != "" && source !~ allowed[lib] && !((source, lib) in told)) {
                told[source, lib] = 1
                print source ":" line[head] ": may not see " to \
                    (head > 1 ? " (" via[head] ")" : "")
                bad++
            }
            if (!(to in seen) && to in edge_count) {
                seen[to] = 1
                queue[++tail] = to
                via[tail] = via[head] " > " to
                line[tail] = line[head]
            }
        }
        head++
    }
}

END {
    for (s = 1; s <= source_count; s++) { walk(sources[s]) }
    if (bad) { exit 1 }
}
