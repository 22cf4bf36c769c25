/* The load of the pipeline's benchmarks, in one process: the telephone side of N calls that converse, and the servers of
 * their models, whose answers take exactly as long as is written here.
 *
 *   stages --calls N --seconds S --caller FILE [--mode pipeline|realtime|by-hand] [--rtp-base P] [--realtime]
 *
 * Listens on a TCP port of 127.0.0.1, and prints it and the first RTP port. Each call speaks the caller's phrase (a file
 * of µ-law at 8 kHz), waits for the reply, hears it to its end or speaks into every second one, and so on. In between it
 * sends silence: a packet every 20 ms, with spread phases.
 *
 * The servers know a call by its model, `bench-I`:
 *   pipeline  /v1/audio/transcriptions, /v1/chat/completions (streamed), /v1/audio/speech (samples, faster than they
 *             are heard), HTTP/1.1 with connections kept
 *   realtime  one WebSocket a call at /v1/realtime, whose events come at the same moments as a pipeline's
 *   by-hand   as pipeline, without telephones: who asks times itself
 *
 * Prints `begin` and `end` around the S seconds that count, `quiet` when nobody speaks any more, and then one JSON object
 * with the moments of each turn, by CLOCK_MONOTONIC in nanoseconds.
 *
 *   cc -O2 stages.c -o stages -lcrypto */
#define _GNU_SOURCE
#include "load.h"


/* How long the models take. */
enum { transcription_ms = 150, first_token_ms = 200, token_ms = 10, slow_token_ms = 50, speech_ms = 120 };
/* Speech comes in pieces of 100 ms, every 40 ms. */
enum { piece_ms = 100, piece_every_ms = 40, piece_samples = piece_ms * 24, first_sentence_ms = 500, sentence_ms = 400,
       long_sentence_ms = 3000 };
/* Of a realtime model, from the voice's begin and end: when it says so, and when its reply sounds. */
enum { voice_found_ms = 150, voice_pause_ms = 250, reply_ms = 800 };
/* When the caller speaks into a reply, and how long is waited behind one. */
enum { interruption_ms = 600, rest_ms = 200, patience_ms = 6000 };

/* The token behind the first sentence makes its end certain. */
static const char *const first_sentence[] = {"Yes", ",", " on", " Tuesday", " we", " have", " time", "."};
static const char *const last_sentence[] = {" Does", " that", " suit", " you", "?"};
static const char *const long_sentence[] = {" This", " is", " a", " long", " story", ".", " And"};
enum { first_tokens = 8, last_tokens = 5, long_tokens = 7, slow_tokens = 100 };

enum mode { mode_pipeline, mode_realtime, mode_by_hand };
enum work { work_none, work_transcription, work_generation, work_speech, work_count };
static const char *const work_names[] = {"", "transcription", "generation", "speech"};
enum { room = 262144, max_connections = 4 * max_calls, max_turns = 65536 };

struct connection {
    int fd, call, is_socket, is_dead;
    size_t held;
    uint8_t *bytes;
    /* The request that is being answered. */
    enum work work;
    int turn, step, is_first_sentence;
    int steps; /* of speech: its pieces; of a generation: its slow tokens */
    int64_t due;
};

/* When what happened in a turn of the caller; 0 for what did not. */
struct turn {
    int call, interrupts;
    int64_t voice_began, voice_ended, transcription_asked, transcription_sent, generation_asked, sentence_sent,
        speech_asked, speech_sent, first_packet, last_packet_before, last_cancelled;
    uint64_t generations, cancelled;
};

enum doing { rests, speaks, waits, hears };
struct call {
    int fd, has_peer;
    struct sockaddr_in to;
    uint16_t sequence;
    uint32_t timestamp;
    int64_t due;
    /* The caller. */
    enum doing doing;
    int64_t next;
    size_t spoken;
    int turn_number, is_answered, is_ready;
    struct turn turn;
    int64_t last_audio;
    /* The realtime model. */
    struct connection *socket;
    int64_t step_due;
    int step, pieces;
};

static struct call calls[max_calls];
static struct connection *connections[max_connections];
static struct turn turns[max_turns];
static int call_count, ready_count, connection_count, turn_count, is_counting, is_ending, epoll;
static enum mode mode;
static uint8_t *phrase;
static size_t phrase_blocks;
static struct {
    uint64_t sent, failed, received, connections, requests[work_count], cancelled[work_count], unanswered, left_open,
        broken, refused;
    struct histogram send_lateness;
} figures;

static int is_interrupted(const struct call *c) { return mode != mode_by_hand && c->turn_number % 2 == 1; }

static void give_up(struct connection *c) {
    if (c->is_dead) return;
    c->is_dead = 1;
    epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
    if (c->is_socket && is_counting) figures.broken++;
    if (c->work == work_none) return;
    struct call *call = &calls[c->call];
    if (is_counting) figures.cancelled[c->work]++;
    if (c->turn < call->turn_number) {
        call->turn.last_cancelled = now_ns();
        call->turn.cancelled++;
    }
    c->work = work_none;
}

static void write_bytes(struct connection *c, const void *bytes, size_t count) {
    if (c->is_dead || send(c->fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count) return;
    give_up(c);
}

/* MARK: HTTP */

static size_t append_chunk(uint8_t *out, const void *bytes, size_t count) {
    size_t length = (size_t)sprintf((char *)out, "%zx\r\n", count);
    memcpy(out + length, bytes, count);
    memcpy(out + length + count, "\r\n", 2);
    return length + count + 2;
}

static size_t append_head(uint8_t *out, const char *type) {
    return (size_t)sprintf((char *)out, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", type);
}

static void write_whole(struct connection *c, const char *status, const char *text) {
    char out[1024];
    int length = snprintf(out, sizeof out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          status, strlen(text), text);
    write_bytes(c, out, (size_t)length);
}

static void end_exchange(struct connection *c) {
    c->work = work_none;
    struct call *call = &calls[c->call];
    if (!call->is_ready && mode == mode_by_hand) {
        call->is_ready = 1;
        ready_count++;
    }
}

static void step_transcription(struct connection *c) {
    write_whole(c, "200 OK", "{\"text\":\"On Tuesday?\"}");
    calls[c->call].turn.transcription_sent = now_ns();
    end_exchange(c);
}

static void step_generation(struct connection *c) {
    struct call *call = &calls[c->call];
    int is_long = c->steps > 0;
    const char *const *rest = is_long ? long_sentence : last_sentence;
    int rest_tokens = is_long ? long_tokens : last_tokens, number = c->step++;
    const char *token = NULL;
    c->due += token_ms * ms;
    if (number < first_tokens) {
        token = first_sentence[number];
    } else if (number < first_tokens + rest_tokens) {
        token = rest[number - first_tokens];
    } else if (number < first_tokens + rest_tokens + c->steps && !is_ending) {
        token = number % 2 ? " so" : " on";
        c->due += (slow_token_ms - token_ms) * ms;
    }
    uint8_t out[2048];
    char event[1024];
    size_t length = number == 0 ? append_head(out, "text/event-stream; charset=utf-8") : 0;
    static const char head[] = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,"
                               "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":";
    int count = token ? snprintf(event, sizeof event, "%s{%s\"content\":\"%s\"},\"finish_reason\":null}]}\n\n", head,
                                 number == 0 ? "\"role\":\"assistant\"," : "", token)
                      : snprintf(event, sizeof event, "%s{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", head);
    length += append_chunk(out + length, event, (size_t)count);
    if (!token) length += append_chunk(out + length, "", 0);
    write_bytes(c, out, length);
    if (number == first_tokens && c->turn == call->turn_number) call->turn.sentence_sent = now_ns();
    if (!token) end_exchange(c);
}

static void record_turn(struct call *c) {
    if (is_counting && turn_count < max_turns) turns[turn_count++] = c->turn;
}

static void step_speech(struct connection *c) {
    static int16_t tone[piece_samples];
    static uint8_t out[2 * piece_samples + 512];
    if (!tone[1])
        for (int i = 0; i < piece_samples; i++) tone[i] = (int16_t)(i % 48 < 24 ? 300 * (i % 48) - 3600 : 10800 - 300 * (i % 48));
    struct call *call = &calls[c->call];
    size_t length = c->step == 0 ? append_head(out, "audio/pcm") : 0;
    length += append_chunk(out + length, tone, sizeof tone);
    if (++c->step == c->steps) length += append_chunk(out + length, "", 0);
    write_bytes(c, out, length);
    if (c->step == 1 && c->is_first_sentence && c->turn == call->turn_number) {
        call->turn.speech_sent = now_ns();
        if (mode == mode_by_hand) record_turn(call);
    }
    c->due += piece_every_ms * ms;
    if (c->step == c->steps) end_exchange(c);
}

static void begin_exchange(struct connection *c, enum work work, const char *body, size_t length, int64_t now) {
    int call;
    const char *model = memmem(body, length, "bench-", 6);
    if (c->work || !model || sscanf(model, "bench-%d", &call) != 1 || call < 0 || call >= call_count) {
        figures.refused++;
        write_whole(c, "400 Bad Request", "{\"error\":{\"message\":\"nobody expects that\"}}");
        return;
    }
    struct call *asking = &calls[call];
    if (mode == mode_by_hand && work == work_transcription) {
        asking->turn_number++;
        asking->turn = (struct turn){.call = call};
    }
    *c = (struct connection){.fd = c->fd, .held = c->held, .bytes = c->bytes, .call = call, .work = work,
                             .turn = asking->turn_number};
    if (is_counting) figures.requests[work]++;
    struct turn *turn = &asking->turn;
    if (work == work_transcription) {
        turn->transcription_asked = now;
        c->due = now + transcription_ms * ms;
    } else if (work == work_generation) {
        turn->generation_asked = now;
        turn->generations++;
        c->steps = is_interrupted(asking) ? slow_tokens : 0;
        c->due = now + first_token_ms * ms;
    } else {
        int is_first = memmem(body, length, "Tuesday", 7) != NULL, is_long = memmem(body, length, "long story", 10) != NULL;
        if (is_first) turn->speech_asked = now;
        c->is_first_sentence = is_first;
        c->steps = (is_first ? first_sentence_ms : is_long ? long_sentence_ms : sentence_ms) / piece_ms;
        c->due = now + speech_ms * ms;
    }
}

/* MARK: The realtime model */

static size_t append_piece(uint8_t *out, int n) {
    uint8_t audio[piece_ms * 8];
    char text[sizeof audio * 4 / 3 + 8];
    for (size_t i = 0; i < sizeof audio; i++) audio[i] = i % 16 < 8 ? 0x20 : 0xA0;
    text[encode_base64(audio, sizeof audio, text)] = 0;
    return append_event(out, "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1\"," PART ",\"delta\":\"%s\"}",
                        n, n, text);
}

static size_t append_end(uint8_t *out, int n, const char *status) {
    size_t length = append_event(out, "{\"type\":\"response.output_audio.done\"," PART "}", n, n);
    length += append_event(out + length, "{\"type\":\"response.output_audio_transcript.done\"," PART
                           ",\"transcript\":\"Yes, on Tuesday we have time. Does that suit you?\"}", n, n);
    length += append_event(out + length, "{\"type\":\"response.content_part.done\"," PART ",\"part\":{\"type\":\"audio\","
                           "\"transcript\":\"Yes, on Tuesday we have time. Does that suit you?\"}}", n, n);
    length += append_event(out + length, "{\"type\":\"response.output_item.done\",\"response_id\":\"resp_%d\","
                           "\"output_index\":0,\"item\":{\"id\":\"item_%d\",\"type\":\"message\",\"status\":\"%s\","
                           "\"role\":\"assistant\",\"content\":[]}}", n, n, status);
    return length + append_event(out + length, "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%d\","
                                 "\"status\":\"%s\",\"output\":[]}}", n, status);
}

/* Steps of a turn: 1 a voice is found, 2 it has paused, 3 the reply begins, 4 it goes on. */
static void step_realtime(struct call *c) {
    static uint8_t out[32768];
    int n = c->turn_number;
    size_t length = 0;
    if (c->step == 1) {
        length += append_event(out, "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"user_%d\","
                               "\"audio_start_ms\":0}", n);
        if (c->pieces > 0) length += append_end(out + length, n - 1, "cancelled");
        c->pieces = 0;
        c->step_due = INT64_MAX; /* until the voice has ended */
    } else if (c->step == 2) {
        length += append_event(out, "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"user_%d\","
                               "\"audio_end_ms\":0}", n);
        length += append_event(out + length, "{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"user_%d\","
                               "\"previous_item_id\":null}", n);
        length += append_event(out + length, "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%d\","
                               "\"status\":\"in_progress\"}}", n);
        c->step = 3;
        c->step_due += (reply_ms - voice_pause_ms) * ms;
    } else if (c->step == 3) {
        length += append_event(out, "{\"type\":\"response.output_item.added\",\"response_id\":\"resp_%d\","
                               "\"output_index\":0,\"item\":{\"id\":\"item_%d\",\"type\":\"message\","
                               "\"status\":\"in_progress\",\"role\":\"assistant\",\"content\":[]}}", n, n);
        length += append_event(out + length, "{\"type\":\"response.content_part.added\"," PART
                               ",\"part\":{\"type\":\"audio\",\"transcript\":\"\"}}", n, n);
        c->pieces = (is_interrupted(c) ? first_sentence_ms + long_sentence_ms : first_sentence_ms + sentence_ms) / piece_ms;
        c->step = 4;
        c->turn.speech_sent = now_ns();
    }
    if (c->step == 4 && c->pieces > 0) {
        length += append_event(out + length, "{\"type\":\"response.output_audio_transcript.delta\"," PART
                               ",\"delta\":\"Yes, \"}", n, n);
        length += append_piece(out + length, n);
        c->step_due += piece_every_ms * ms;
        if (--c->pieces == 0) {
            length += append_end(out + length, n, "completed");
            c->step_due = INT64_MAX;
        }
    }
    if (length) write_bytes(c->socket, out, length);
}

static void answer_upgrade(struct connection *c, char *request) {
    char *model = strstr(request, "model=bench-"), answer[256];
    size_t length = make_handshake(request, answer);
    int call;
    if (!length || !model || sscanf(model, "model=bench-%d", &call) != 1 || call < 0 || call >= call_count) {
        figures.refused++;
        return give_up(c);
    }
    c->call = call;
    c->is_socket = 1;
    calls[call].socket = c;
    uint8_t out[256];
    write_bytes(c, answer, length);
    write_bytes(c, out, append_event(out, "{\"type\":\"session.created\"," SESSION "}"));
}

static void parse_frames(struct connection *c) {
    size_t at = 0, taken, length;
    int opcode;
    char *text;
    while ((taken = take_frame(c->bytes + at, c->held - at, &opcode, &text, &length))) {
        at += taken;
        uint8_t out[256];
        if (opcode == 1 && is_type(text, length, "session.update"))
            write_bytes(c, out, append_event(out, "{\"type\":\"session.updated\"," SESSION "}"));
        if (opcode == 9 && length < 126) {
            uint8_t pong[127];
            write_bytes(c, pong, make_pong(text, length, pong));
        }
    }
    if (at) memmove(c->bytes, c->bytes + at, c->held -= at);
}

/* MARK: Connections */

static void parse_requests(struct connection *c) {
    for (;;) {
        char *head = (char *)c->bytes, *end = memmem(head, c->held, "\r\n\r\n", 4);
        if (!end || c->is_dead) return;
        size_t head_length = (size_t)(end + 4 - head), body_length = 0;
        *end = 0;
        char *field = strcasestr(head, "\r\nContent-Length:");
        if (field) body_length = strtoul(field + strlen("\r\nContent-Length:"), NULL, 10);
        if (c->held < head_length + body_length) {
            *end = '\r';
            return;
        }
        int64_t now = now_ns();
        const char *body = head + head_length;
        if (!strncmp(head, "GET /v1/realtime", 16)) answer_upgrade(c, head);
        else if (!strncmp(head, "HEAD /v1/models", 15))
            write_bytes(c, "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n", 39);
        else if (!strncmp(head, "GET /v1/models", 14)) write_whole(c, "200 OK", "{\"object\":\"list\",\"data\":[]}");
        else if (!strncmp(head, "POST /v1/audio/transcriptions", 29))
            begin_exchange(c, work_transcription, body, body_length, now);
        else if (!strncmp(head, "POST /v1/chat/completions", 25)) begin_exchange(c, work_generation, body, body_length, now);
        else if (!strncmp(head, "POST /v1/audio/speech", 21)) begin_exchange(c, work_speech, body, body_length, now);
        else begin_exchange(c, work_none, "", 0, now);
        size_t used = head_length + body_length;
        memmove(c->bytes, c->bytes + used, c->held -= used);
        if (c->is_socket) return parse_frames(c);
    }
}

static void read_connection(struct connection *c) {
    while (!c->is_dead) {
        size_t free = room - c->held;
        ssize_t got = free ? recv(c->fd, c->bytes + c->held, free, MSG_DONTWAIT) : 0;
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return give_up(c);
        c->held += (size_t)got;
        if (c->is_socket) parse_frames(c);
        else parse_requests(c);
    }
}

static void accept_connection(int listener) {
    int fd = accept_peer(listener), place = 0;
    if (fd < 0) return;
    while (place < connection_count && !connections[place]->is_dead) place++;
    if (place == max_connections) die("connections");
    if (place == connection_count) {
        connections[connection_count++] = calloc(1, sizeof **connections);
        if (!connections[place] || !(connections[place]->bytes = malloc(room))) die("memory");
    }
    struct connection *c = connections[place];
    *c = (struct connection){.fd = fd, .bytes = c->bytes};
    if (is_counting) figures.connections++;
    watch(epoll, fd, c);
}

static int is_asking(const struct call *c) {
    for (int i = 0; i < connection_count; i++)
        if (!connections[i]->is_dead && connections[i]->work && &calls[connections[i]->call] == c) return 1;
    return 0;
}

/* MARK: Telephones */

static void begin_turn(struct call *c) {
    c->turn_number++;
    c->turn = (struct turn){.call = (int)(c - calls), .interrupts = c->doing == hears};
    c->doing = speaks;
    c->spoken = 0;
    c->is_answered = 0;
}

/* What the caller does next, with the packet that is sent now. */
static void converse(struct call *c, int64_t now) {
    if (is_ending) c->next = 0;
    if ((c->doing == rests || (c->doing == hears && c->next)) && now >= c->next && !is_ending) {
        c->next = 0;
        begin_turn(c);
    } else if (c->doing == hears && !c->next && now - c->last_audio > rest_ms * ms && !is_asking(c)) {
        c->doing = rests;
        c->next = now + random() % (40 * ms);
    } else if (c->doing == waits && now - c->turn.voice_ended > patience_ms * ms) {
        if (is_counting) figures.unanswered++;
        c->doing = rests;
        c->next = now + rest_ms * ms;
    }
}

static void send_packet(struct call *c) {
    uint8_t packet[packet_size];
    converse(c, now_ns());
    memset(packet + 12, silence, payload_size);
    if (c->doing == speaks) memcpy(packet + 12, phrase + c->spoken++ * payload_size, payload_size);
    write_header(packet, (int)(c - calls), c->sequence++, c->timestamp);
    int64_t now = now_ns();
    int failed = sendto(c->fd, packet, sizeof packet, 0, (struct sockaddr *)&c->to, sizeof c->to) < 0;
    if (is_counting) {
        if (failed) figures.failed++;
        else figures.sent++;
        record(&figures.send_lateness, now - c->due);
    }
    if (c->doing == speaks && c->spoken == 1) {
        c->turn.voice_began = now;
        c->step = 1;
        c->step_due = now + voice_found_ms * ms;
    }
    if (c->doing == speaks && c->spoken == phrase_blocks) {
        c->turn.voice_ended = now;
        c->doing = waits;
        c->step = 2;
        c->step_due = now + voice_pause_ms * ms;
    }
    c->timestamp += payload_size;
    c->due += 20 * ms;
}

static void receive_packets(struct call *c) {
    uint8_t packet[2048];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t got;
    while ((got = recvfrom(c->fd, packet, sizeof packet, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) > 0) {
        int64_t arrival = now_ns();
        if (!c->has_peer) {
            c->has_peer = 1;
            c->to = from;
            ready_count++;
        }
        figures.received += (uint64_t)is_counting;
        if (got != packet_size) continue;
        int is_audible = 0;
        for (int i = 12; i < packet_size && !is_audible; i++) is_audible = (packet[i] & 0x7F) != 0x7F;
        if (!is_audible) continue;
        if (c->turn.speech_sent && !c->is_answered) {
            c->is_answered = 1;
            c->turn.first_packet = arrival;
            c->turn.last_packet_before = c->last_audio;
            for (int i = 0; i < connection_count; i++)
                if (!connections[i]->is_dead && connections[i]->work && &calls[connections[i]->call] == c &&
                    connections[i]->turn < c->turn_number)
                    figures.left_open++;
            record_turn(c);
            c->doing = hears;
            c->next = is_interrupted(c) ? arrival + interruption_ms * ms + random() % (20 * ms) : 0;
        }
        c->last_audio = arrival;
    }
}

static void read_phrase(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    phrase = malloc(1 << 20);
    if (!phrase) die("memory");
    phrase_blocks = fread(phrase, 1, 1 << 20, file) / payload_size;
    fclose(file);
    if (!phrase_blocks) die("an empty phrase");
}

static int open_requests(void) {
    int count = 0;
    for (int i = 0; i < connection_count; i++) count += !connections[i]->is_dead && connections[i]->work;
    return count;
}

static void print_report(double seconds, double cpu, int open_connections) {
    printf("{\"cpu_share\":%.4f,\"packets_sent\":%llu,\"send_failures\":%llu,\"packets_received\":%llu,"
           "\"connections_opened\":%llu,\"connections\":%d,\"unanswered_turns\":%llu,\"left_open\":%llu,"
           "\"open_at_end\":%d,\"broken_connections\":%llu,\"refused_requests\":%llu,",
           cpu / seconds, (unsigned long long)figures.sent, (unsigned long long)figures.failed,
           (unsigned long long)figures.received, (unsigned long long)figures.connections, open_connections,
           (unsigned long long)figures.unanswered, (unsigned long long)figures.left_open, open_requests(),
           (unsigned long long)figures.broken, (unsigned long long)figures.refused);
    for (int work = 1; work < work_count; work++)
        printf("\"%s_requests\":%llu,\"%s_cancelled\":%llu,", work_names[work], (unsigned long long)figures.requests[work],
               work_names[work], (unsigned long long)figures.cancelled[work]);
    printf("\"model_ms\":{\"transcription\":%d,\"first_sentence\":%d,\"speech\":%d},", transcription_ms,
           first_token_ms + first_tokens * token_ms, speech_ms);
    print_histogram("send_lateness_us", &figures.send_lateness);
    printf(",\"turns\":[");
    for (int i = 0; i < turn_count; i++) {
        const struct turn *t = &turns[i];
        const struct { const char *name; int64_t at; } moments[] = {
            {"voice_began", t->voice_began}, {"voice_ended", t->voice_ended},
            {"transcription_asked", t->transcription_asked}, {"transcription_sent", t->transcription_sent},
            {"generation_asked", t->generation_asked}, {"sentence_sent", t->sentence_sent},
            {"speech_asked", t->speech_asked}, {"speech_sent", t->speech_sent}, {"first_packet", t->first_packet},
            {"last_packet_before", t->last_packet_before}, {"last_cancelled", t->last_cancelled},
        };
        printf("%s{\"call\":%d,\"interrupts\":%d,\"generations\":%llu,\"cancelled\":%llu", i ? "," : "", t->call,
               t->interrupts, (unsigned long long)t->generations, (unsigned long long)t->cancelled);
        for (size_t m = 0; m < sizeof moments / sizeof *moments; m++)
            if (moments[m].at) printf(",\"%s\":%lld", moments[m].name, (long long)moments[m].at);
        printf("}");
    }
    printf("]}\n");
}

int main(int argc, char **argv) {
    call_count = atoi(option(argc, argv, "--calls", "1"));
    double seconds = atof(option(argc, argv, "--seconds", "5"));
    int base = atoi(option(argc, argv, "--rtp-base", "22000"));
    const char *name = option(argc, argv, "--mode", "pipeline"), *caller = option(argc, argv, "--caller", NULL);
    mode = !strcmp(name, "realtime") ? mode_realtime : !strcmp(name, "by-hand") ? mode_by_hand : mode_pipeline;
    if (call_count < 1 || call_count > max_calls || !caller) {
        fprintf(stderr, "stages: 1 to %d calls, and --caller with the caller's phrase\n", max_calls);
        return 2;
    }
    prepare(argc, argv, "stages");
    read_phrase(caller);
    int port, listener = open_listener(&port);
    epoll = epoll_create1(0);
    if (epoll < 0) die("epoll");
    watch(epoll, listener, &epoll);
    static int descriptors[max_calls];
    base = open_ports(base, call_count, descriptors);
    for (int i = 0; i < call_count; i++) {
        calls[i].fd = descriptors[i];
        watch(epoll, calls[i].fd, &calls[i]);
        calls[i].step_due = INT64_MAX;
    }
    printf("ports %d %d\n", port, base);
    fflush(stdout);

    int64_t opened = now_ns(), begun = 0, from = INT64_MAX, until = INT64_MAX, latest = INT64_MAX;
    int64_t busy_until = INT64_MAX; /* since the end of what counts */
    int next = 0, open_connections = 0; /* the calls take turns in the order of their phases */
    double before = 0, cpu = 0;
    for (;;) {
        int64_t now = now_ns(), wake = now + 100 * ms;
        if (!begun && ready_count == call_count) {
            begun = now + 300 * ms;
            from = begun + 4500 * ms;
            until = from + (int64_t)(seconds * 1e9);
            for (int i = 0; i < call_count; i++) {
                calls[i].due = begun + (int64_t)i * 20 * ms / call_count;
                /* The agent may have said who it is by then. */
                calls[i].next = begun + 1800 * ms + (int64_t)i * 2500 * ms / call_count;
                calls[i].turn_number = i % 2;
            }
        }
        if (!begun && now - opened > 30000 * ms) {
            fprintf(stderr, "stages: only %d of %d calls are ready\n", ready_count, call_count);
            return 1;
        }
        if (begun && mode != mode_by_hand && calls[next].due < wake) wake = calls[next].due;
        for (int i = 0; i < connection_count; i++)
            if (!connections[i]->is_dead && connections[i]->work && connections[i]->due < wake) wake = connections[i]->due;
        for (int i = 0; i < call_count && mode == mode_realtime; i++)
            if (calls[i].step_due < wake) wake = calls[i].step_due;
        struct epoll_event ready[64];
        int n = wait_until(epoll, wake, ready, 64);
        for (int e = 0; e < n; e++) {
            void *what = ready[e].data.ptr;
            if (what == &epoll) accept_connection(listener);
            else if (what >= (void *)calls && what < (void *)(calls + max_calls)) receive_packets(what);
            else read_connection(what);
        }
        now = now_ns();
        for (int i = 0; i < connection_count; i++) {
            struct connection *c = connections[i];
            while (!c->is_dead && c->work && c->due <= now) {
                if (c->work == work_transcription) step_transcription(c);
                else if (c->work == work_generation) step_generation(c);
                else step_speech(c);
            }
        }
        if (!begun) continue;
        while (mode != mode_by_hand && calls[next].due <= now) {
            send_packet(&calls[next]);
            next = (next + 1) % call_count;
        }
        for (int i = 0; i < call_count && mode == mode_realtime; i++)
            while (calls[i].socket && calls[i].step_due <= now) step_realtime(&calls[i]);
        if (now >= from) {
            from = INT64_MAX;
            is_counting = 1;
            before = processor_seconds();
            puts("begin");
            fflush(stdout);
        }
        if (now >= until && is_counting) {
            is_counting = 0;
            is_ending = 1;
            cpu = processor_seconds() - before;
            busy_until = now;
            latest = now + 8000 * ms;
            for (int i = 0; i < connection_count; i++) open_connections += !connections[i]->is_dead;
            puts("end");
            fflush(stdout);
        }
        if (!is_ending) continue;
        int is_busy = open_requests() > 0;
        for (int i = 0; i < call_count && mode != mode_by_hand; i++) is_busy |= calls[i].doing != rests;
        if (is_busy) busy_until = now;
        /* Who asked has heard the ends by then. */
        if (now - busy_until > 300 * ms || now >= latest) break;
    }
    puts("quiet");
    print_report(seconds, cpu, open_connections);
    return 0;
}
