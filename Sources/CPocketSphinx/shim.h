#pragma once

#include <pocketsphinx.h>
#include <sphinxbase/err.h>

/* cmd_ln_init takes its arguments as a variadic list; this takes pairs of name and value. NULL on failure. */
static inline cmd_ln_t *sphinx_configuration(const char *const *pairs, size_t pair_count) {
    cmd_ln_t *configuration = cmd_ln_init(NULL, ps_args(), TRUE, NULL);
    for (size_t index = 0; configuration != NULL && index < pair_count; index += 1) {
        cmd_ln_set_str_r(configuration, pairs[2 * index], pairs[2 * index + 1]);
    }
    return configuration;
}

/* The library keeps its log's destination for each thread: silence the calling one. */
static inline void sphinx_silence(void) {
    err_set_logfp(NULL);
}

/* How wide the searches that are made from now on look around: two beam widths (0 ... 1, the smaller the wider) and
   the most states a frame. */
static inline void sphinx_set_effort(ps_decoder_t *decoder, double beam, double word_beam, long states) {
    cmd_ln_t *configuration = ps_get_config(decoder);
    cmd_ln_set_float_r(configuration, "-beam", beam);
    cmd_ln_set_float_r(configuration, "-pbeam", beam);
    cmd_ln_set_float_r(configuration, "-wbeam", word_beam);
    cmd_ln_set_int_r(configuration, "-maxhmmpf", states);
}
