/*
 * store/journal/disk.h - how segments and frames look on disk. Bytes in, values out: no files here.
 *
 *   segment  header 64: magic 8, number u64, node u32, crc32c u32 of what stands before it, zeros; then frames
 *   frame    length u32 (of what follows the checksum), crc32c u32, frame header 26, synced u64, chain 32,
 *            body length u32, body, personal; then 1 to 8 bytes of 0xa5 up to a multiple of 8
 *
 *   (1) little-endian throughout.
 *   (2) a checksum starts from the segment's number: what an older life of a recycled segment left behind never fits,
 *       because two starting values never give the same CRC over the same bytes.
 *   (3) a frame ends in bytes that an unwritten one does not have: no part of a write is taken for the whole.
 *   (4) `synced` is the last seq that was known to be durable when the frame was written. Recovery tells by it whether
 *       bytes that are gone could have been lost with the power, or were durable and are damaged.
 */
#pragma once

#include "call/frame.h"

#define SEGMENT_HEADER_BYTES 64
#define DISK_FRAME_HEAD_BYTES (8 + FRAME_HEADER_BYTES + 8 + CHAIN_BYTES + 4)
#define DISK_ALIGN_BYTES 8

void segment_header_write(uint64_t number, uint32_t node, uint8_t out[SEGMENT_HEADER_BYTES]);
bool segment_header_is_of(const uint8_t in[SEGMENT_HEADER_BYTES], uint64_t number);

/* Bytes of the frame with padding. SIZE_MAX: the texts are too long for the format. */
size_t disk_frame_bytes(const struct frame *f);
/* `out` has room for disk_frame_bytes(f). */
void disk_frame_write(const struct frame *f, uint64_t number, uint64_t synced, uint8_t *out);

struct disk_frame {
    struct frame frame; /* texts point into the bytes that were read */
    uint64_t synced;
    size_t bytes; /* with padding: where the next one starts */
};
/* Whole bytes of the frame that starts at p, from its first 8; 0: nothing that could be one. */
size_t disk_frame_peek(const uint8_t *p, size_t n, size_t bytes_max);
/* False: not a frame of this segment, cut off, or damaged. */
bool disk_frame_read(const uint8_t *p, size_t n, uint64_t number, size_t bytes_max, struct disk_frame *ret);
/* A cheap look at whether a frame with seq in [least, most] could start here; disk_frame_read still has to agree. */
bool disk_frame_is_likely(const uint8_t *p, size_t n, size_t bytes_max, uint64_t least, uint64_t most);
