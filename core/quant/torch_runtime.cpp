// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/torch_runtime.h"

#include "core/error.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <sys/resource.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <limits>
#include <thread>

namespace bwla {

void useTorch(int threads, const std::string& device) {
    // Debian's libtorch starts with one thread.
    const unsigned all = std::max(1U, std::thread::hardware_concurrency());
    at::set_num_threads(threads > 0 ? threads : static_cast<int>(all));
#ifdef __GLIBC__
    // Matrices of some megabytes come and go with every operation: handed back to the system each
    // time, their pages are cleared again, which was 15 % of a block's fits.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
    if (device == "cuda" && !at::hasCUDA())
        throw Error(ErrorCode::badArgument)
            .because("--device cuda needs a GPU and a libtorch built for it; this one has none. "
                     "Use --device cpu.");
}

std::int64_t peakRssBytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

} // namespace bwla
