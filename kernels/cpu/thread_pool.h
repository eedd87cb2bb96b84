// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace bwla {

/// Threads that share short loops. The calling thread works too; workers wait in a short spin, so
/// that the next loop of a decode step finds them awake, and then sleep, so that they cost nothing
/// while somebody else computes. Chunks are claimed one by one: a worker that the system has put
/// aside holds up at most the chunk it was in.
class ThreadPool {
public:
    /// threads >= 1, the caller included; fewer where the system gives no more (threads()).
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }

    /// body(index) for index in [0, count), in any order, on any thread; returns when all are done.
    /// Rethrows one of the exceptions. One caller at a time; not from inside a body.
    template<class Body>
    void forEach(std::int64_t count, Body&& body) {
        if (count <= 1 || workers_.empty()) {
            for (std::int64_t index = 0; index < count; ++index)
                body(index);
            return;
        }
        using Plain = std::remove_reference_t<Body>;
        run(
            static_cast<std::uint32_t>(count),
            [](const void* context, std::int64_t index) {
                (*static_cast<Plain*>(const_cast<void*>(context)))(index);
            },
            &body);
    }

private:
    using Call = void (*)(const void* context, std::int64_t index);
    void run(std::uint32_t count, Call call, const void* context);
    void work();
    bool runOneChunk(std::uint32_t epoch);
    std::uint64_t awaitNewEpoch(std::uint32_t seen);

    // High half: number of the current loop; low half: chunks nobody has claimed yet. A claim is a
    // compare-exchange, so a late worker can never take part in a loop it did not read.
    std::atomic<std::uint64_t> state_{0};
    std::atomic<std::uint32_t> finished_{0};
    Call call_ = nullptr; // written only while no chunk is unclaimed or running
    const void* context_ = nullptr;

    std::atomic<int> sleepers_{0};
    std::atomic<bool> quit_{false};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::exception_ptr failure_;
    std::vector<std::thread> workers_;
};

} // namespace bwla
