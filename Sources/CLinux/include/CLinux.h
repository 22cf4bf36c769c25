/* The Linux calls that the media threads make, in forms that Swift can import: no macros, no variadics, no unions.
 *
 * Every function that can fail returns -errno. None allocates, but clinux_batch_create. */
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>

/* An IPv4 or IPv6 address with port, in host byte order. */
struct clinux_address {
    uint64_t high;   /* first half of an IPv6 address; 0 for IPv4 */
    uint64_t low;    /* second half of an IPv6 address; the IPv4 address in the low 32 bits */
    uint16_t port;
    uint8_t family;  /* 4, 6; 0: none */
};

/* Nanoseconds of CLOCK_MONOTONIC, and of CLOCK_REALTIME since 1970. [ns] */
int64_t clinux_monotonic_nanoseconds(void);
int64_t clinux_realtime_nanoseconds(void);

/* Reads a numeric address; 0, or -EINVAL. */
int clinux_address_parse(const char *text, uint16_t port, struct clinux_address *address);
/* Writes the host part as text; `text` has room for 46 bytes. */
void clinux_address_format(const struct clinux_address *address, char *text);

/* A non-blocking UDP socket bound to `address`, marked with the DSCP for voice (EF, RFC 5865 and RFC 3246).
 * Returns the descriptor. -EADDRINUSE, -EADDRNOTAVAIL, … */
int clinux_udp_open(const struct clinux_address *address);
/* The port that a socket is bound to; 0 on failure. */
uint16_t clinux_udp_port(int descriptor);
void clinux_close(int descriptor);

/* Sends one datagram. Returns its length. */
int clinux_udp_send(int descriptor, const void *data, size_t length, const struct clinux_address *to);

/* Room for one recvmmsg: several datagrams with their sources. */
struct clinux_batch;
struct clinux_batch *clinux_batch_create(void);
void clinux_batch_destroy(struct clinux_batch *batch);
/* Reads what has arrived, as far as there is room. Returns the number of datagrams; -EAGAIN when there is none. */
int clinux_batch_receive(struct clinux_batch *batch, int descriptor);
/* The n-th datagram of the last receive: its bytes, length (0 when it was cut) and source. */
const void *clinux_batch_datagram(struct clinux_batch *batch, int index, size_t *length, struct clinux_address *from);

int clinux_epoll_create(void);
/* Watches for input; `token` comes back from the wait. Edge-triggered when `edge` is not 0. */
int clinux_epoll_add(int epoll, int descriptor, uint64_t token, int edge);
int clinux_epoll_remove(int epoll, int descriptor);
enum { clinux_epoll_capacity = 64 };
/* Waits without limit. Writes the tokens of the ready descriptors, at most clinux_epoll_capacity; 0 when interrupted. */
int clinux_epoll_wait(int epoll, uint64_t *tokens);

/* A timer on CLOCK_MONOTONIC. */
int clinux_timer_create(void);
/* Fires once at the absolute time `nanoseconds`; 0 disarms. */
int clinux_timer_arm(int timer, int64_t nanoseconds);

/* A counter that wakes who waits. In epoll it is watched edge-triggered and never read. */
int clinux_event_create(void);
void clinux_event_signal(int event);
/* Takes the counter back to zero; waits for a signal at most `milliseconds`, without limit when negative. */
void clinux_event_wait(int event, int milliseconds);

/* Lets the calling thread rest. [ns] */
void clinux_rest(int64_t nanoseconds);

/* Names the calling thread, as shown by ps and top; at most 15 bytes count. */
void clinux_thread_name(const char *name);
/* Asks for the lowest real-time priority (SCHED_RR) for the calling thread. 0, or -EPERM. */
int clinux_thread_realtime(void);
/* Asks for more than the normal share of time (nice -10) for the calling thread. 0, -EACCES or -EPERM. */
int clinux_thread_prefer(void);

#endif
