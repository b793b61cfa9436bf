# Relies on the formatting gate: a function ends with a closing brace in the first column.
# `pending` is what was read since the last declaration or body ended; a brace that opens after
# a closing parenthesis there opens a function.
BEGIN {
    max_function = 70
    max_file = 800
}

function end_of_file() {
    if (last_file != "" && last_line > max_file) {
        print last_file ":" last_line ": file of " last_line " lines, at most " max_file
        bad++
    }
}

FNR == 1 {
    end_of_file()
    depth = 0
    in_function = 0
    pending = ""
}

{
    last_file = FILENAME
    last_line = FNR
}

directive { next }

/^}/ && in_function {
    inspected++
    size = FNR - first + 1
    if (size > max_function) {
        complain(first, "function of " size " lines, at most " max_function)
    }
    in_function = 0
    depth = 0
    pending = ""
    next
}

!in_function {
    for (i = 1; i <= length(code); i++) {
        c = substr(code, i, 1)
        if (c == "{") {
            trimmed = pending
            sub(/[ \t]+$/, "", trimmed)
            if (depth == 0 && trimmed ~ /\)$/ && trimmed !~ /=/) {
                in_function = 1
                break
            }
            depth++
        } else if (c == "}") {
            depth = depth > 0 ? depth - 1 : 0
        }
        if (depth == 0) {
            if (c == ";" || c == "}") {
                pending = ""
            } else if (pending != "" || c !~ /[ \t]/) {
                if (pending == "") { first = FNR }
                pending = pending c
            }
        }
    }
    if (!in_function && pending != "") { pending = pending " " }
    # A whole function on one line cannot be formatted that way; count its end here all the same.
    if (in_function && code ~ /}[ \t]*$/ && first == FNR) {
        inspected++
        in_function = 0
        pending = ""
    }
}

END { end_of_file(); if (bad) { exit 1 } }
