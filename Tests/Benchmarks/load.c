/* The load of the benchmarks, in one process: the telephone side of N calls, and the model that they are connected to.
 *
 *   load --calls N --seconds S [--rtp-base P] [--certificate FILE --key FILE] [--realtime]
 *
 * Listens on a TCP port of 127.0.0.1, and prints it and the first RTP port. Who is measured opens a WebSocket a call,
 * for the model `bench-I-PORT` (call number, RTP port), and sends session.update. When all have, each call gets an RTP
 * packet every 20 ms, with spread phases, from the first RTP port + 2·I; and every two seconds a reply of the model: one
 * second of audio in five deltas within 160 ms, then, in every second reply, the interruption in mid-word.
 *
 * Each 20 ms of audio begins with the time at which it was sent. So both ways are timed here, outside of who is measured:
 * up from sendto to the decoded WebSocket message, down from the write of a reply's first delta to its first packet.
 * Prints `begin` and `end` around the S seconds that count, and then one JSON object.
 *
 * With --realtime it asks for real-time priority, so that it measures and not the machine's other work.
 *
 *   cc -O2 load.c -o load -lssl -lcrypto */
#define _GNU_SOURCE
#include "load.h"

#include <openssl/ssl.h>

enum { room = 32768, block_count = 50, delta_count = 5, delta_blocks = block_count / delta_count };
enum phase { phase_none, phase_handshake, phase_upgrade, phase_open, phase_ready, phase_dead };

struct connection {
    int fd, call;
    enum phase phase;
    SSL *ssl;
    size_t held;
    uint8_t bytes[room];
};

struct call {
    int fd;
    struct connection *model;
    struct sockaddr_in to;
    uint16_t sequence;
    uint32_t timestamp;
    int64_t due;
    /* What came back. */
    uint16_t last_sequence;
    int has_received;
    int64_t last_arrival, last_audio, last_stamp;
    /* The model. */
    int64_t step_due, cycle_start;
    int step, cycle;
    int64_t speech_started;
    uint16_t next_block;
};

static struct call calls[max_calls];
static int call_count, ready_count, is_counting;
static SSL_CTX *tls;
static int epoll;
static struct {
    uint64_t sent, failed, received, lost, up_blocks, up_messages, misplaced, replies, interruptions, unheard, broken;
    struct histogram send_lateness, up, down, barge_in, spacing;
} figures;

/* Sends whole messages; a peer that does not read is given up. */
static void write_bytes(struct connection *c, const uint8_t *bytes, size_t count) {
    if (c->phase == phase_dead) return;
    int written = c->ssl ? SSL_write(c->ssl, bytes, (int)count) : (int)send(c->fd, bytes, count, MSG_NOSIGNAL);
    if (written == (int)count) return;
    figures.broken++;
    c->phase = phase_dead;
    epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
}

static size_t append_delta(uint8_t *out, int call, int cycle, int number) {
    uint8_t audio[delta_blocks * payload_size];
    char text[delta_blocks * payload_size * 4 / 3 + 8];
    for (int b = 0; b < delta_blocks; b++) {
        uint8_t *block = audio + b * payload_size;
        memset(block, 0x21 + b, payload_size);
        struct mark mark = {now_ns(), mark_magic, (uint16_t)call, (uint16_t)(number * delta_blocks + b)};
        memcpy(block, &mark, sizeof mark);
    }
    text[encode_base64(audio, sizeof audio, text)] = 0;
    return append_event(out,
            "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_1\"," PART ",\"delta\":\"%s\"}",
                        cycle, cycle, text);
}

/* One step of a call's conversation; what is written together arrives together. */
static void step(struct call *c) {
    static uint8_t out[65536];
    int n = c->cycle, number = (int)(c - calls);
    size_t length = 0;
    if (c->step == 0) {
        length += append_event(out,
                "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_%d\",\"status\":\"in_progress\"}}", n);
        length += append_event(out + length,
                "{\"type\":\"response.output_item.added\",\"response_id\":\"resp_%d\",\"output_index\":0,"
                "\"item\":{\"id\":\"item_%d\",\"type\":\"message\",\"status\":\"in_progress\","
                "\"role\":\"assistant\",\"content\":[]}}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.content_part.added\"," PART ",\"part\":{\"type\":\"audio\","
                "\"transcript\":\"\"}}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.output_audio_transcript.delta\"," PART ","
                "\"delta\":\"Good morning, this is the practice.\"}", n, n);
    }
    if (c->step < delta_count) {
        length += append_delta(out + length, number, n, c->step);
        c->step_due += 40 * ms;
    } else if (c->step == delta_count) {
        length += append_event(out, "{\"type\":\"response.output_audio.done\"," PART "}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.output_audio_transcript.done\"," PART ","
                "\"transcript\":\"Good morning, this is the practice.\"}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.content_part.done\"," PART ",\"part\":{\"type\":\"audio\","
                "\"transcript\":\"Good morning, this is the practice.\"}}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.output_item.done\",\"response_id\":\"resp_%d\",\"output_index\":0,"
                "\"item\":{\"id\":\"item_%d\",\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
                "\"content\":[]}}", n, n);
        length += append_event(out + length,
                "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_%d\",\"status\":\"completed\","
                "\"output\":[]}}", n);
        figures.replies += (uint64_t)is_counting;
        c->step_due = c->cycle_start + 500 * ms + random() % (20 * ms);
    } else if (c->step == delta_count + 1) {
        if (n % 2) {
            length += append_event(out,
                    "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"user_%d\","
                    "\"audio_start_ms\":0}", n);
            c->speech_started = now_ns();
        }
        c->step_due = c->cycle_start + 1500 * ms;
    } else {
        if (n % 2) {
            length += append_event(out,
                    "{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"user_%d\",\"audio_end_ms\":0}", n);
            length += append_event(out + length,
                    "{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"user_%d\","
                    "\"previous_item_id\":null}", n);
            /* What was last heard of the agent, against the moment at which it was to be silent. */
            if (is_counting) {
                figures.interruptions++;
                record(&figures.barge_in, c->last_audio > c->speech_started ? c->last_audio - c->speech_started : 0);
                if (!c->last_audio) figures.unheard++;
            }
        }
        c->last_audio = 0;
        c->cycle++;
        c->cycle_start += 2000 * ms;
        c->step_due = c->cycle_start + random() % (20 * ms);
        c->step = -1;
    }
    c->step++;
    if (length) write_bytes(c->model, out, length);
}

static void answer_upgrade(struct connection *c, char *request) {
    char *model = strstr(request, "model=bench-"), answer[256];
    size_t length = make_handshake(request, answer);
    int call, port;
    if (!length || !model || sscanf(model, "model=bench-%d-%d", &call, &port) != 2 || call < 0 || call >= call_count) {
        fprintf(stderr, "load: an upgrade that nobody expects\n");
        exit(1);
    }
    c->call = call;
    c->phase = phase_open;
    calls[call].model = c;
    calls[call].to.sin_port = htons((uint16_t)port);
    uint8_t out[256];
    write_bytes(c, (const uint8_t *)answer, length);
    write_bytes(c, out, append_event(out, "{\"type\":\"session.created\"," SESSION "}"));
}

static void receive_message(struct connection *c, const char *text, size_t length, int64_t now) {
    if (is_type(text, length, "input_audio_buffer.append")) {
        size_t rest;
        const char *audio = value_behind(text, length, "\"audio\":\"", &rest);
        if (!audio || !is_counting) return;
        uint8_t bytes[16384];
        size_t count = decode_base64(audio, rest, bytes, sizeof bytes);
        figures.up_messages++;
        for (size_t at = 0; at + payload_size <= count; at += payload_size) {
            struct mark mark;
            memcpy(&mark, bytes + at, sizeof mark);
            if (mark.magic != mark_magic || mark.call != c->call) {
                figures.misplaced++;
                continue;
            }
            figures.up_blocks++;
            record(&figures.up, now - mark.stamp);
        }
    } else if (is_type(text, length, "session.update") && c->phase == phase_open) {
        uint8_t out[256];
        write_bytes(c, out, append_event(out, "{\"type\":\"session.updated\"," SESSION "}"));
        c->phase = phase_ready;
        ready_count++;
    }
}

static void parse(struct connection *c, int64_t now) {
    if (c->phase == phase_upgrade) {
        char *end = memmem(c->bytes, c->held, "\r\n\r\n", 4);
        if (!end) return;
        *end = 0;
        answer_upgrade(c, (char *)c->bytes);
        size_t used = (size_t)(end + 4 - (char *)c->bytes);
        memmove(c->bytes, c->bytes + used, c->held -= used);
    }
    size_t at = 0, taken, length;
    int opcode;
    char *text;
    while ((taken = take_frame(c->bytes + at, c->held - at, &opcode, &text, &length))) {
        at += taken;
        if (opcode == 1) receive_message(c, text, length, now);
        if (opcode == 9 && length < 126) {
            uint8_t pong[127];
            write_bytes(c, pong, make_pong(text, length, pong));
        }
    }
    if (at) memmove(c->bytes, c->bytes + at, c->held -= at);
}

static void read_model(struct connection *c) {
    if (c->phase == phase_handshake) {
        int done = SSL_accept(c->ssl);
        if (done == 1) c->phase = phase_upgrade;
        else if (SSL_get_error(c->ssl, done) != SSL_ERROR_WANT_READ) {
            fprintf(stderr, "load: a TLS handshake failed\n");
            exit(1);
        }
        if (done != 1) return;
    }
    while (c->phase != phase_dead) {
        size_t free = room - c->held;
        int got = c->ssl ? SSL_read(c->ssl, c->bytes + c->held, (int)free)
                         : (int)recv(c->fd, c->bytes + c->held, free, MSG_DONTWAIT);
        if (got <= 0) {
            int is_waiting = c->ssl ? SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ
                                    : got < 0 && (errno == EAGAIN || errno == EINTR);
            if (is_waiting) return;
            if (is_counting) figures.broken++;
            c->phase = phase_dead;
            epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL);
            return;
        }
        c->held += (size_t)got;
        parse(c, now_ns());
        if (c->ssl ? !SSL_has_pending(c->ssl) : got < (int)free) return;
    }
}

static void accept_model(int listener) {
    int fd = accept_peer(listener);
    if (fd < 0) return;
    struct connection *c = calloc(1, sizeof *c);
    if (!c) die("memory");
    c->fd = fd;
    c->phase = tls ? phase_handshake : phase_upgrade;
    if (tls) {
        c->ssl = SSL_new(tls);
        SSL_set_fd(c->ssl, fd);
        SSL_set_read_ahead(c->ssl, 1);
    }
    watch(epoll, fd, c);
}

static void send_packet(struct call *c) {
    uint8_t packet[packet_size];
    memset(packet, 0x55, sizeof packet);
    write_header(packet, (int)(c - calls), c->sequence++, c->timestamp);
    struct mark mark = {now_ns(), mark_magic, (uint16_t)(c - calls), 0};
    memcpy(packet + 12, &mark, sizeof mark);
    int failed = sendto(c->fd, packet, sizeof packet, 0, (struct sockaddr *)&c->to, sizeof c->to) < 0;
    if (is_counting) {
        if (failed) figures.failed++;
        else figures.sent++;
        record(&figures.send_lateness, mark.stamp - c->due);
    }
    c->timestamp += payload_size;
    c->due += 20 * ms;
}

static void receive_packets(struct call *c) {
    static uint8_t buffers[batch][2048], quiet[payload_size];
    static struct mmsghdr messages[batch];
    static struct iovec parts[batch];
    if (!parts[0].iov_len) {
        memset(quiet, silence, sizeof quiet);
        for (int i = 0; i < batch; i++) {
            parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    }
    int got = recvmmsg(c->fd, messages, batch, MSG_DONTWAIT, NULL);
    int64_t arrival = now_ns();
    for (int m = 0; m < got; m++) {
        if (messages[m].msg_len != packet_size) continue;
        uint16_t sequence = (uint16_t)(buffers[m][2] << 8 | buffers[m][3]);
        uint8_t *payload = buffers[m] + 12;
        if (is_counting) {
            figures.received++;
            uint16_t gap = (uint16_t)(sequence - c->last_sequence);
            if (c->has_received && gap > 1 && gap < 1000) figures.lost += gap - 1u;
            if (c->has_received) record(&figures.spacing, llabs(arrival - c->last_arrival - 20 * ms));
        }
        c->has_received = 1;
        c->last_sequence = sequence;
        c->last_arrival = arrival;
        if (!memcmp(payload, quiet, payload_size)) continue;
        c->last_audio = arrival;
        struct mark mark;
        memcpy(&mark, payload, sizeof mark);
        if (mark.magic != mark_magic || mark.call != (uint16_t)(c - calls)) continue;
        if (mark.block == 0 && mark.stamp != c->last_stamp) {
            if (is_counting) record(&figures.down, arrival - mark.stamp);
            c->last_stamp = mark.stamp;
        } else if (mark.block != c->next_block && is_counting) {
            figures.misplaced++;
        }
        c->next_block = mark.block + 1;
    }
}

int main(int argc, char **argv) {
    call_count = atoi(option(argc, argv, "--calls", "1"));
    double seconds = atof(option(argc, argv, "--seconds", "5"));
    int base = atoi(option(argc, argv, "--rtp-base", "22000"));
    const char *certificate = option(argc, argv, "--certificate", NULL), *key = option(argc, argv, "--key", NULL);
    if (call_count < 1 || call_count > max_calls) {
        fprintf(stderr, "load: 1 to %d calls\n", max_calls);
        return 2;
    }
    prepare(argc, argv, "load");
    if (certificate) {
        tls = SSL_CTX_new(TLS_server_method());
        if (!tls || SSL_CTX_use_certificate_file(tls, certificate, SSL_FILETYPE_PEM) != 1 || !key ||
            SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1) {
            fprintf(stderr, "load: cannot use the certificate %s\n", certificate);
            return 1;
        }
    }
    int port, listener = open_listener(&port);

    epoll = epoll_create1(0);
    if (epoll < 0) die("epoll");
    watch(epoll, listener, &epoll);
    static int descriptors[max_calls];
    base = open_ports(base, call_count, descriptors);
    for (int i = 0; i < call_count; i++) {
        struct call *c = &calls[i];
        c->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        c->fd = descriptors[i];
        watch(epoll, c->fd, c);
    }
    printf("ports %d %d\n", port, base);
    fflush(stdout);

    int64_t opened = now_ns(), begun = 0, from = INT64_MAX, until = INT64_MAX;
    int next = 0; /* the calls take turns in the order of their phases */
    double before = 0, cpu = 0;
    for (;;) {
        int64_t now = now_ns(), wake = now + 100 * ms;
        if (!begun && ready_count == call_count) {
            begun = now + 300 * ms;
            from = begun + 2300 * ms;
            until = from + (int64_t)(seconds * 1e9);
            for (int i = 0; i < call_count; i++) {
                calls[i].due = begun + (int64_t)i * 20 * ms / call_count;
                calls[i].cycle_start = calls[i].step_due = begun + (int64_t)i * 2000 * ms / call_count;
                calls[i].cycle = i % 2;
            }
        }
        if (!begun && now - opened > 20000 * ms) {
            fprintf(stderr, "load: only %d of %d calls have reached the model\n", ready_count, call_count);
            return 1;
        }
        if (begun) {
            wake = calls[next].due;
            for (int i = 0; i < call_count; i++)
                if (calls[i].step_due < wake) wake = calls[i].step_due;
        }
        struct epoll_event ready[64];
        int n = wait_until(epoll, wake, ready, 64);
        for (int e = 0; e < n; e++) {
            void *what = ready[e].data.ptr;
            if (what == &epoll) accept_model(listener);
            else if (what >= (void *)calls && what < (void *)(calls + max_calls)) receive_packets(what);
            else read_model(what);
        }
        if (!begun) continue;
        now = now_ns();
        while (calls[next].due <= now) {
            send_packet(&calls[next]);
            next = (next + 1) % call_count;
        }
        for (int i = 0; i < call_count; i++)
            while (calls[i].step_due <= now) step(&calls[i]);
        if (now >= from) {
            from = INT64_MAX;
            is_counting = 1;
            before = processor_seconds();
            puts("begin");
            fflush(stdout);
        }
        if (now >= until && is_counting) {
            is_counting = 0;
            cpu = processor_seconds() - before;
            puts("end");
            fflush(stdout);
        }
        /* Goes on a little, so that who reads these lines still sees the load. */
        if (now >= until + 200 * ms) break;
    }
    printf("{\"cpu_share\":%.4f,\"packets_sent\":%llu,\"send_failures\":%llu,\"packets_received\":%llu,"
           "\"sequence_gaps\":%llu,\"up_blocks\":%llu,\"up_messages\":%llu,\"misplaced_blocks\":%llu,\"replies\":%llu,"
           "\"interruptions\":%llu,\"unheard_interruptions\":%llu,\"broken_connections\":%llu,",
           cpu / seconds, (unsigned long long)figures.sent, (unsigned long long)figures.failed,
           (unsigned long long)figures.received, (unsigned long long)figures.lost,
           (unsigned long long)figures.up_blocks, (unsigned long long)figures.up_messages,
           (unsigned long long)figures.misplaced, (unsigned long long)figures.replies,
           (unsigned long long)figures.interruptions, (unsigned long long)figures.unheard,
           (unsigned long long)figures.broken);
    print_histogram("send_lateness_us", &figures.send_lateness);
    printf(",");
    print_histogram("up_us", &figures.up);
    printf(",");
    print_histogram("down_us", &figures.down);
    printf(",");
    print_histogram("barge_in_us", &figures.barge_in);
    printf(",");
    print_histogram("spacing_error_us", &figures.spacing);
    printf("}\n");
    return 0;
}
