"""Pages for citizens: server-rendered, without scripts, small enough for a cheap phone on a bad line."""
