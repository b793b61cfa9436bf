# From callgrind_annotate, once exclusive and once inclusive: by layer, by function with what it
# calls, by function alone. All per unit.
function layer_of(path, name) {
    if (path ~ /malloc\//) { return "libc: malloc and free" }
    if (path ~ /\/sysdeps\/.*\/multiarch\/|^\.?\/?string\//) { return "libc: memcpy, memcmp and kin" }
    if (name ~ /^XXH/) { return "xxhash" }
    if (match(path, /^(base|config|wire|storage|runtime|edge|actors)\//)) {
        return substr(path, 1, RLENGTH - 1)
    }
    if (path ~ /^tests\//) { return "transport of the guard" }
    return ""
}

/^ *[0-9,]+ \( *[0-9.]+%\) / && !/PROGRAM TOTALS/ {
    cost = $1
    gsub(/,/, "", cost)
    place = $0
    sub(/^ *[0-9,]+ \( *[0-9.]+%\) +/, "", place)
    object = place ~ / \[/ ? place : ""
    sub(/^.* \[/, "", object)
    sub(/\]$/, "", object)
    sub(/ \[.*$/, "", place)
    if (index(place, root) == 1) { place = substr(place, length(root) + 1) }
    path = place
    sub(/:[^:]*$/, "", path)
    name = place
    sub(/^.*:/, "", name)
    sub(/\.(part|isra|constprop|cold).*$/, "", name)
    if (FILENAME ~ /\.yes$/) {
        if (path ~ /^(base|wire|storage|runtime|edge|actors)\/.*\.c$/ && cost > with[name]) {
            with[name] = cost
        }
        next
    }
    layer = layer_of(path, name)
    if (path ~ /\.c$/ && layer != "") { layer_of_function[name] = layer }
    count++
    costs[count] = cost
    names[count] = name
    layers[count] = layer
    objects[count] = object
    alone[name] += cost
}

function show(title, table, most,    command, name) {
    printf "\n%s\n", title
    command = "sort -rn | head -n " most
    for (name in table) {
        if (table[name] / units >= 1) {
            printf "%9.0f  %s\n", table[name] / units, name | command
        }
    }
    close(command)
}

END {
    for (i = 1; i <= count; i++) {
        layer = layers[i]
        if (layer == "") { layer = layer_of_function[names[i]] } # inlined from a header
        if (layer == "" && match(objects[i], /lib[a-z]+[^\/]*\.so/)) {
            layer = substr(objects[i], RSTART, RLENGTH - 3)
            if (layer == "libc") { layer = "libc: the rest" }
        }
        if (layer == "") { layer = "the rest" }
        by_layer[layer] += costs[i]
    }
    fflush()
    show("by layer", by_layer, 20)
    show("by function, with what it calls", with, 40)
    show("by function, alone", alone, 40)
}
