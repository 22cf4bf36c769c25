#pragma once

#include <flite/flite.h>

/* The voices' libraries come without headers. */
cst_voice *register_cmu_us_awb(const char *directory);
cst_voice *register_cmu_us_slt(const char *directory);
cst_voice *register_cmu_us_rms(const char *directory);
cst_voice *register_cmu_us_kal16(const char *directory);

/* The English lexicon with its letter-to-sound rules. */
cst_lexicon *cmu_lex_init(void);
