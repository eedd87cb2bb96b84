// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace bwla {

/// The same device work again and again: on a GPU it is recorded once as a CUDA graph and replayed,
/// because a step of thousands of small kernels is otherwise bound by their launches. On a CPU, and
/// the first two times of a kind (libraries set themselves up), it just runs. While this lives, the
/// calling thread's GPU work is on a stream of its own.
class RepeatedWork {
public:
    /// Not `recorded`: it just runs every time, to check recording against.
    explicit RepeatedWork(const at::Device& device, bool recorded = true);
    ~RepeatedWork();
    RepeatedWork(const RepeatedWork&) = delete;
    RepeatedWork& operator=(const RepeatedWork&) = delete;

    /// Does `work`, or what it did when it was recorded: it must read and write the same memory
    /// every time and never look at a result. Returns when the work of the call before is done.
    void operator()(int kind, const std::function<void()>& work);

private:
    struct Graphs;
    std::unique_ptr<Graphs> graphs_; ///< none on a CPU
};

} // namespace bwla
