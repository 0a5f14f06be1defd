#pragma once
#include <stddef.h>
#include <stdint.h>

/// Continues the CRC32C (Castagnoli, reflected) `crc` of earlier bytes over `count` further ones; start with 0.
/// Uses the processor's instruction where there is one; the table otherwise. Both give the same value.
uint32_t gala_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The table's way alone, so that a test can hold it against the instruction's.
uint32_t gala_crc32c_portable(uint32_t crc, const void *bytes, size_t count);
