/* SPDX-License-Identifier: GPL-2.0 */
/* A thread that stores to a mapping all the time, and sees a store that is lost. */
#ifndef _WRITER_H
#define _WRITER_H

#include <pthread.h>

#include "dax_file.h"

struct writer {
	char *map;
	size_t size;
	int stop;
	unsigned long rounds;
	int wrong;
	pthread_t thread;
};

/* The count in each 64 KiB of the mapping. */
static inline unsigned long *writer_count(const struct writer *writer, size_t at)
{
	return (unsigned long *)(writer->map + at);
}

/* Count on in each round: a lost store shows in the next one. */
static inline void *writer_run(void *arg)
{
	struct writer *writer = (struct writer *)arg;
	size_t at;

	while (!__atomic_load_n(&writer->stop, __ATOMIC_ACQUIRE)) {
		for (at = 0; at < writer->size; at += 64 << 10) {
			writer->wrong |= *writer_count(writer, at) != writer->rounds;
			*writer_count(writer, at) = writer->rounds + 1;
		}
		writer->rounds++;
	}
	return NULL;
}

/* Start to store to the @size bytes at @map. */
static inline void writer_start(struct writer *writer, char *map, size_t size)
{
	memset(writer, 0, sizeof(*writer));
	memset(map, 0, size);
	writer->map = map;
	writer->size = size;
	if (pthread_create(&writer->thread, NULL, writer_run, writer))
		ksft_exit_fail_msg("pthread_create\n");
}

/* End it. Returns whether it has made a round and no store is lost. */
static inline int writer_end(struct writer *writer)
{
	size_t at;

	__atomic_store_n(&writer->stop, 1, __ATOMIC_RELEASE);
	pthread_join(writer->thread, NULL);
	for (at = 0; at < writer->size; at += 64 << 10)
		writer->wrong |= *writer_count(writer, at) != writer->rounds;
	return writer->rounds && !writer->wrong;
}

#endif /* _WRITER_H */
