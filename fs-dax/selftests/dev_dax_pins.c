// SPDX-License-Identifier: GPL-2.0
/*
 * Can pages of a device DAX device be pinned for ever?
 *
 * An io_uring registers them as fixed buffers, which files on a filesystem with DAX
 * refuse, and a pipe holds them. Both see the bytes of the device, after its mapping is
 * gone, too.
 */
#include <linux/io_uring.h>
#include <sys/syscall.h>

#include "dev_dax.h"
#include "pins.h"

#define BUFFER		(256 * PAGE)

struct ring {
	int fd;
	char *sq;
	struct io_uring_sqe *sqes;
	struct io_uring_params params;
};

static int open_ring(struct ring *ring)
{
	struct io_uring_params *params = &ring->params;

	memset(params, 0, sizeof(*params));
	ring->fd = (int)syscall(__NR_io_uring_setup, 1, params);
	if (ring->fd < 0)
		return 0;
	ring->sq = (char *)mmap(NULL, params->sq_off.array + sizeof(uint32_t),
				PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
				IORING_OFF_SQ_RING);
	ring->sqes = (struct io_uring_sqe *)mmap(NULL, sizeof(*ring->sqes),
						 PROT_READ | PROT_WRITE, MAP_SHARED,
						 ring->fd, IORING_OFF_SQES);
	return ring->sq != MAP_FAILED && ring->sqes != MAP_FAILED;
}

/* Write the registered buffer at @address to @fd, and wait. Returns whether it did. */
static int write_fixed(struct ring *ring, int fd, const char *address, size_t len)
{
	const struct io_sqring_offsets *off = &ring->params.sq_off;
	uint32_t *tail = (uint32_t *)(ring->sq + off->tail);
	struct io_uring_sqe *sqe = ring->sqes;

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_WRITE_FIXED;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)address;
	sqe->len = (uint32_t)len;
	((uint32_t *)(ring->sq + off->array))[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	return syscall(__NR_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS,
		       NULL, 0) == 1;
}

static int registers(struct ring *ring, char *address, size_t len)
{
	struct iovec vec = { .iov_base = address, .iov_len = len };

	return !syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS,
			&vec, 1);
}

/* Do @len bytes of @fd have the value @value? */
static int holds(int fd, char value, size_t len)
{
	char *bytes = (char *)malloc(len);
	int same;

	same = bytes && pread(fd, bytes, len, 0) == (ssize_t)len &&
	       bytes[0] == value && !memcmp(bytes, bytes + 1, len - 1);
	free(bytes);
	return same;
}

static void test_ring(const struct dev_dax *dev)
{
	int file = open("/tmp", O_RDWR | O_TMPFILE, 0600);
	char *map = map_dev_dax(dev, dev->page, 0), *again;
	struct ring ring;

	if (file < 0 || !open_ring(&ring)) {
		ksft_test_result_skip("io_uring: %s\n", strerror(errno));
		ksft_test_result_skip("io_uring: %s\n", strerror(errno));
		return;
	}
	memset(map, 0x21, BUFFER);
	ksft_test_result(registers(&ring, map, BUFFER),
			 "an io_uring registers a fixed buffer on the device\n");
	munmap(map, dev->page);

	/* a new mapping writes what the ring reads through its pin */
	again = map_dev_dax(dev, dev->page, 0);
	memset(again, 0x22, BUFFER);
	ksft_test_result(write_fixed(&ring, file, map, BUFFER) &&
			 holds(file, 0x22, BUFFER),
			 "it reads the device after the mapping is gone\n");
	munmap(again, dev->page);
	close(ring.fd);
	close(file);
}

static void test_pipe(const struct dev_dax *dev)
{
	char *map = map_dev_dax(dev, dev->page, 0), *again, byte = 0;
	int ends[2];

	map[PAGE] = 0x23;
	pin(map + PAGE, ends);
	munmap(map, dev->page);
	again = map_dev_dax(dev, dev->page, 0);
	again[PAGE] = 0x24;
	ksft_test_result(read(ends[0], &byte, 1) == 1 && byte == 0x24,
			 "a pipe reads the device after the mapping is gone\n");
	munmap(again, dev->page);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	struct dev_dax dev;

	ksft_print_header();
	dev = open_dev_dax();
	ksft_set_plan(3);
	test_ring(&dev);
	test_pipe(&dev);
	close(dev.fd);
	ksft_finished();
}
