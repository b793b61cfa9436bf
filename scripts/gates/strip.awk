# Shared by the gates: reads C well enough to tell code from comments and literals.
# Runs before each gate's own rules: `code` is the current line without comments and with emptied
# literals; `directive` says whether the line belongs to a preprocessor directive.

function complain(line, text) {
    print FILENAME ":" line ": " text
    bad++
}

function strip(s,    out, c, two, i, n, quote) {
    out = ""
    n = length(s)
    quote = ""
    for (i = 1; i <= n; i++) {
        c = substr(s, i, 1)
        two = substr(s, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++; out = out " " }
        } else if (quote != "") {
            if (c == "\\") { i++ }
            else if (c == quote) { quote = ""; out = out c }
        } else if (two == "/*") { in_comment = 1; i++
        } else if (two == "//") { break
        } else {
            if (c == "\"" || c == "'") { quote = c }
            out = out c
        }
    }
    return out
}

FNR == 1 {
    in_comment = 0
    continued = 0
}

{
    began_in_comment = in_comment
    code = strip($0)
    directive = continued || (!began_in_comment && code ~ /^[ \t]*#/)
    continued = directive && $0 ~ /\\$/
}

END {
    if (!inspected) {
        print "inspected nothing"
        exit 1
    }
    if (bad) {
        exit 1
    }
}
