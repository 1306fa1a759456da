#include <zlib.h>

// `inflateInit2` is a macro, which Swift does not import. 15 + 16: the largest window, gzip framing only.
static inline int hawse_inflate_gzip_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
