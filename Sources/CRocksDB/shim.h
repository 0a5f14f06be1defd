#pragma once

// The stable C interface of RocksDB. The C++ headers are not for Swift: their layout changes with every version.
#include <rocksdb/c.h>
