/* A load generator for media: N paced RTP streams, and what returns of them.
 *
 *   load --target HOST --base-port P [--port-step 2] [--calls N] [--seconds S] [--local-port Q] [--ssrc-base X]
 *   load --target HOST --ports 1234,1240,…
 *
 * Sends a packet of 160 bytes PCMU to each of N ports every 20 ms, phases spread over the interval, from one local port
 * a stream (Q, Q+2, …). Counts what comes back and how regularly. Payload bytes 0…7 carry the monotonic send time, so
 * that an echo tells its round trip. Prints one JSON object. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { max_calls = 4096, payload_size = 160, packet_size = 12 + payload_size, batch = 16 };

struct call {
    int fd;
    struct sockaddr_in to;
    uint16_t sequence;
    uint32_t timestamp;
    int64_t due;
    uint16_t last_received;
    int has_received;
    int64_t last_arrival;
    int64_t last_stamp;
};

static struct call calls[max_calls];
static int ports[max_calls];

/* Histogram of microseconds, quarters of powers of two. */
struct histogram { uint64_t counts[128], count; };

static void record(struct histogram *h, int64_t ns) {
    uint64_t us = ns < 0 ? 0 : (uint64_t)ns / 1000;
    int bucket = (int)us;
    if (us >= 4) {
        int exponent = 63 - __builtin_clzll(us);
        bucket = 4 * (exponent - 1) + (int)(us >> (exponent - 2) & 3);
        if (bucket > 127) bucket = 127;
    }
    h->counts[bucket]++;
    h->count++;
}

static double quantile(const struct histogram *h, double q) {
    uint64_t rank = (uint64_t)((double)h->count * q + 0.999999), seen = 0;
    if (h->count == 0) return 0;
    for (int i = 0; i < 128; i++) {
        seen += h->counts[i];
        if (seen >= rank) return i < 4 ? i + 1 : (double)((uint64_t)(4 + i % 4 + 1) << (i / 4 - 1));
    }
    return 0;
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static const char *option(int argc, char **argv, const char *name, const char *fallback) {
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return fallback;
}

int main(int argc, char **argv) {
    const char *target = option(argc, argv, "--target", "127.0.0.1");
    int base = atoi(option(argc, argv, "--base-port", "40000"));
    int step = atoi(option(argc, argv, "--port-step", "2"));
    int count = atoi(option(argc, argv, "--calls", "1"));
    double seconds = atof(option(argc, argv, "--seconds", "5"));
    int local = atoi(option(argc, argv, "--local-port", "50000"));
    uint32_t ssrc_base = (uint32_t)strtoul(option(argc, argv, "--ssrc-base", "1000"), NULL, 0);
    const char *list = option(argc, argv, "--ports", NULL);
    if (list) {
        char *copy = strdup(list), *save = NULL;
        count = 0;
        for (char *p = strtok_r(copy, ",", &save); p && count < max_calls; p = strtok_r(NULL, ",", &save))
            ports[count++] = atoi(p);
        free(copy);
    } else {
        if (count > max_calls) count = max_calls;
        for (int i = 0; i < count; i++) ports[i] = base + i * step;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    if (epoll < 0 || timer < 0) die("epoll, timerfd");
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u32 = UINT32_MAX};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    int64_t begun = now_ns() + 10000000;
    for (int i = 0; i < count; i++) {
        struct call *c = &calls[i];
        c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (c->fd < 0) die("socket");
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(local + 2 * i))};
        from.sin_addr.s_addr = htonl(INADDR_ANY);
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from) < 0) die("bind");
        c->to.sin_family = AF_INET;
        c->to.sin_port = htons((uint16_t)ports[i]);
        if (inet_pton(AF_INET, target, &c->to.sin_addr) != 1) die("--target");
        c->due = begun + (int64_t)i * 20000000 / count;
        event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
    }

    static uint8_t buffers[batch][2048];
    struct mmsghdr messages[batch];
    struct iovec parts[batch];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < batch; i++) {
        parts[i] = (struct iovec){buffers[i], sizeof buffers[i]};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }

    static struct histogram lateness, spacing, echo;
    uint64_t sent = 0, received = 0, lost = 0, failed = 0;
    int64_t end = begun + (int64_t)(seconds * 1e9);
    int next = 0; /* the calls take turns in the order of their phases */
    for (;;) {
        struct itimerspec at = {.it_value = {calls[next].due / 1000000000, calls[next].due % 1000000000}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
        struct epoll_event ready[64];
        int n = epoll_wait(epoll, ready, 64, 1000);
        int64_t now = now_ns();
        if (now >= end + 200000000) break;
        while (calls[next].due <= now && calls[next].due < end) {
            struct call *c = &calls[next];
            uint8_t packet[packet_size];
            memset(packet, 0x55, sizeof packet);
            packet[0] = 0x80;
            packet[1] = c->sequence == 0 ? 0x80 : 0;
            uint16_t sequence = htons(c->sequence);
            uint32_t timestamp = htonl(c->timestamp), ssrc = htonl(ssrc_base + (uint32_t)next);
            int64_t stamp = now_ns();
            memcpy(packet + 2, &sequence, 2);
            memcpy(packet + 4, &timestamp, 4);
            memcpy(packet + 8, &ssrc, 4);
            memcpy(packet + 12, &stamp, 8);
            if (sendto(c->fd, packet, sizeof packet, 0, (struct sockaddr *)&c->to, sizeof c->to) < 0) failed++;
            else sent++;
            record(&lateness, stamp - c->due);
            c->sequence++;
            c->timestamp += payload_size;
            c->due += 20000000;
            next = (next + 1) % count;
        }
        if (calls[next].due >= end) calls[next].due = end + 200000000;
        for (int e = 0; e < n; e++) {
            if (ready[e].data.u32 == UINT32_MAX) continue;
            struct call *c = &calls[ready[e].data.u32];
            int got = recvmmsg(c->fd, messages, batch, MSG_DONTWAIT, NULL);
            int64_t arrival = now_ns();
            for (int m = 0; m < got; m++) {
                if (messages[m].msg_len < 12) continue;
                uint16_t sequence = (uint16_t)(buffers[m][2] << 8 | buffers[m][3]);
                received++;
                if (c->has_received) {
                    uint16_t gap = (uint16_t)(sequence - c->last_received);
                    if (gap > 1 && gap < 1000) lost += gap - 1u;
                    int64_t late = arrival - c->last_arrival - 20000000;
                    record(&spacing, late < 0 ? -late : late);
                }
                c->has_received = 1;
                c->last_received = sequence;
                c->last_arrival = arrival;
                int64_t stamp;
                if (messages[m].msg_len >= 20) {
                    memcpy(&stamp, buffers[m] + 12, 8);
                    int is_new = stamp != c->last_stamp && stamp > begun - 1000000000 && stamp <= arrival;
                    if (is_new) record(&echo, arrival - stamp);
                    if (is_new) c->last_stamp = stamp;
                }
            }
        }
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    printf("{\"calls\":%d,\"seconds\":%.1f,\"packets_sent\":%llu,\"send_failures\":%llu,\"packets_received\":%llu,"
           "\"packets_missing\":%llu,\"cpu_seconds\":%.3f,"
           "\"send_lateness_us\":{\"p50\":%.0f,\"p99\":%.0f},"
           "\"return_irregularity_us\":{\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f},"
           "\"echo_us\":{\"count\":%llu,\"p50\":%.0f,\"p99\":%.0f,\"p999\":%.0f}}\n",
           count, seconds, (unsigned long long)sent, (unsigned long long)failed, (unsigned long long)received,
           (unsigned long long)lost, cpu, quantile(&lateness, 0.5), quantile(&lateness, 0.99),
           quantile(&spacing, 0.5), quantile(&spacing, 0.99), quantile(&spacing, 0.999),
           (unsigned long long)echo.count, quantile(&echo, 0.5), quantile(&echo, 0.99), quantile(&echo, 0.999));
    return 0;
}
