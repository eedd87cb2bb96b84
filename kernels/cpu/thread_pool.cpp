// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/thread_pool.h"

#include <system_error>
#include <utility>

namespace bwla {
namespace {

// About 30 us: longer than the single-threaded gaps of a decode step, far shorter than a time
// slice.
constexpr int spinsBeforeSleep = 1500;

void pauseOnce() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
}

std::uint32_t epochOf(std::uint64_t state) {
    return static_cast<std::uint32_t>(state >> 32);
}
std::uint32_t unclaimedOf(std::uint64_t state) {
    return static_cast<std::uint32_t>(state);
}

} // namespace

ThreadPool::ThreadPool(int threads) {
    workers_.reserve(static_cast<std::size_t>(threads - 1));
    try {
        for (int i = 1; i < threads; ++i)
            workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
        // The system gives no more of them: those that are there, and the caller, do the work.
    }
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(mutex_);
        quit_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_)
        worker.join();
}

void ThreadPool::run(std::uint32_t count, Call call, const void* context) {
    call_ = call;
    context_ = context;
    finished_.store(0, std::memory_order_relaxed);
    const std::uint32_t epoch = epochOf(state_.load(std::memory_order_relaxed)) + 1;
    state_.store(std::uint64_t{epoch} << 32 | count);
    if (sleepers_.load() > 0) {
        const std::lock_guard lock(
            mutex_); // a worker between its last look and its wait is excluded
        wake_.notify_all();
    }
    while (runOneChunk(epoch)) {
    }
    for (int spins = 0; finished_.load(std::memory_order_acquire) != count; ++spins) {
        if (spins < spinsBeforeSleep)
            pauseOnce();
        else
            std::this_thread::yield();
    }
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

bool ThreadPool::runOneChunk(std::uint32_t epoch) {
    std::uint64_t state = state_.load(std::memory_order_acquire);
    do {
        if (epochOf(state) != epoch || unclaimedOf(state) == 0)
            return false;
    } while (!state_.compare_exchange_weak(state, state - 1, std::memory_order_acq_rel,
                                           std::memory_order_acquire));
    try {
        call_(context_, unclaimedOf(state) - 1);
    } catch (...) {
        const std::lock_guard lock(mutex_);
        failure_ = std::current_exception();
    }
    finished_.fetch_add(1, std::memory_order_release);
    return true;
}

void ThreadPool::work() {
    std::uint32_t seen = 0;
    for (;;) {
        const std::uint64_t state = awaitNewEpoch(seen);
        if (quit_)
            return;
        seen = epochOf(state);
        while (runOneChunk(seen)) {
        }
    }
}

std::uint64_t ThreadPool::awaitNewEpoch(std::uint32_t seen) {
    for (int spins = 0; spins < spinsBeforeSleep; ++spins) {
        const std::uint64_t state = state_.load(std::memory_order_acquire);
        if (epochOf(state) != seen || quit_.load(std::memory_order_relaxed))
            return state;
        pauseOnce();
    }
    std::unique_lock lock(mutex_);
    ++sleepers_;
    wake_.wait(lock, [&] { return epochOf(state_.load()) != seen || quit_; });
    --sleepers_;
    return state_.load();
}

} // namespace bwla
