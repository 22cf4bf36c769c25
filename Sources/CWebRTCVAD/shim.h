#pragma once

#include <stddef.h>
#include <stdint.h>

/* The voice activity detector of libwebrtc_audio_processing, which exports it without a header.
   Declared as in WebRTC's common_audio/vad/include/webrtc_vad.h. */

typedef struct WebRtcVadInst VadInst;

/* A new detector, or NULL when memory is short. */
VadInst *WebRtcVad_Create(void);
void WebRtcVad_Free(VadInst *detector);

/* 0, or -1 on a null pointer. */
int WebRtcVad_Init(VadInst *detector);

/* Aggressiveness 0 ... 3. 0, or -1 when out of range. */
int WebRtcVad_set_mode(VadInst *detector, int mode);

/* 1 speech, 0 none, -1 wrong rate or length: 8, 16, 32 or 48 kHz; 10, 20 or 30 ms. */
int WebRtcVad_Process(VadInst *detector, int rate, const int16_t *frame, size_t length);
