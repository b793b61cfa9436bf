FNR == 1 { inspected++ }

FILENAME ~ /^tests\// { next }

code ~ /(^|[^A-Za-z0-9_])assert[ \t]*\(/ { complain(FNR, "raw assert") }

!began_in_comment && /^[ \t]*#[ \t]*include[ \t]*[<"]assert[.]h[>"]/ { complain(FNR, "assert.h") }
