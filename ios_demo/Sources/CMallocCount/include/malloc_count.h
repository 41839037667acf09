#pragma once

/// How often memory was allocated since the program began, by any thread; -1 where this cannot be counted.
long edge_malloc_count(void);
