// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/repeated_work.h"

#ifdef BWLA_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/util/Exception.h>

#include <map>
#endif

namespace bwla {

#ifdef BWLA_CUDA

namespace {

constexpr int timesBeforeRecording = 2;

/// One for all: memory that was used on a stream is kept for that stream.
c10::cuda::CUDAStream workStream() {
    static const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
    return stream;
}

} // namespace

struct RepeatedWork::Graphs {
    struct Kind {
        int times = 0;
        at::cuda::CUDAGraph graph;
    };
    bool recorded;
    c10::cuda::CUDAStream stream = workStream();
    c10::cuda::CUDAStreamGuard guard{stream};
    std::map<int, Kind> kinds;
    // One for all kinds: they take turns, and what they make lies in memory from outside.
    at::cuda::MempoolId_t pool{0, 0};
    at::cuda::CUDAEvent previous;

    // What was begun on the usual stream is done before this one starts, and the other way round.
    explicit Graphs(bool record) : recorded(record) { c10::cuda::device_synchronize(); }
    ~Graphs() {
        try {
            stream.synchronize();
            // While something is recorded the allocator takes nothing back from the graphs that
            // were: nine writers of text in turn left 90 GB in their pools.
            kinds.clear();
            c10::cuda::CUDACachingAllocator::emptyCache();
        } catch (const c10::Error&) { // an error is on its way already
        }
    }
    Graphs(const Graphs&) = delete;
    Graphs& operator=(const Graphs&) = delete;

    void record(at::cuda::CUDAGraph& graph, const std::function<void()>& work) {
        stream.synchronize();
        graph.capture_begin(pool);
        try {
            work();
        } catch (...) { // full memory, most likely: leave the stream usable and say that
            try {
                graph.capture_end();
            } catch (const c10::Error&) { // says that the recording is void, which is known
            }
            throw;
        }
        graph.capture_end();
        pool = graph.pool();
    }

    void run(int which, const std::function<void()>& work) {
        Kind& kind = kinds[which];
        if (!recorded || kind.times < timesBeforeRecording) {
            work();
        } else {
            if (kind.times == timesBeforeRecording)
                record(kind.graph, work);
            kind.graph.replay();
        }
        ++kind.times;
        if (previous.isCreated())
            previous.synchronize();
        previous.record(stream);
    }
};

RepeatedWork::RepeatedWork(const at::Device& device, bool recorded) {
    if (device.is_cuda())
        graphs_ = std::make_unique<Graphs>(recorded);
}

void RepeatedWork::operator()(int kind, const std::function<void()>& work) {
    if (graphs_ == nullptr)
        work();
    else
        graphs_->run(kind, work);
}

#else

struct RepeatedWork::Graphs {};

RepeatedWork::RepeatedWork(const at::Device&, bool) {}

void RepeatedWork::operator()(int, const std::function<void()>& work) {
    work();
}

#endif

RepeatedWork::~RepeatedWork() = default;

} // namespace bwla
