// SPDX-License-Identifier: GPL-3.0-or-later
//
// A recorded forward pass of the host backend: buffers and a list of closures.
#pragma once

#include "kernels/aligned.h"
#include "kernels/backend.h"
#include "kernels/contract.h"
#include "kernels/cpu/host_weights.h"
#include "kernels/cpu/thread_pool.h"
#include "kernels/registry.h"

#include <deque>
#include <functional>

namespace bwla {

/// What a plan computes with; owned by the backend, shared by its plans.
struct HostMachine {
    KernelTable kernels;
    ThreadPool pool;
    WeightKind cacheType; ///< f32, f16 or rowInt8
};

/// One run of a plan.
struct HostRun {
    const Step& step;
    int rows;
    HostKvCache* cache; ///< null where the step has none
};

/// Activations in the private order of one linear kernel.
struct Encoding {
    const LinearKernel* kernel = nullptr;
    AlignedVector<std::byte> bytes;
};

/// The prepared input of one group: where `prepare` writes and `linear` reads.
struct PreparedRows {
    const HostInputs* input = nullptr;
    int bits = 16;
    bool wantsFloat = false; ///< a consumer reads x although it is quantized
    bool wantsSum = false;   ///< a consumer has row means
    std::vector<float> gain; ///< empty = no norm
    float epsilon = 0.0F;
    AlignedVector<float> x, scale, sum, lowRank;
    AlignedVector<std::uint8_t> q;
    AlignedVector<std::int32_t> zero, sumQ;
    std::deque<Encoding> encodings; ///< addresses stay

    PreparedRows(const HostInputs& inputs, const NormSpec& norm, int activationBits, int batch);
    [[nodiscard]] Activations view(int rows) const;
    /// The encoding for `kernel`, made at first request; null where it reads plain activations.
    [[nodiscard]] const std::byte* encodingFor(const LinearKernel& kernel, int batch);
};

/// cos and sin of position * frequency, [batch][headDim / 2] each; shared by all layers that use
/// the same frequencies and computed once a run.
struct RotaryTable {
    std::vector<float> frequencies;
    AlignedVector<float> cosine, sine;
    void fill(std::int64_t position, int rows);
};

class HostPlan final : public Plan {
public:
    HostPlan(HostMachine& machine, int batch)
        : machine_(machine), batch_(batch), rules_{batch, 0, {}} {}

    [[nodiscard]] int batch() const override { return batch_; }
    [[nodiscard]] std::span<const float> logits() const override { return logits_; }
    void write(Buffer buffer, std::span<const float> values) override;
    [[nodiscard]] std::vector<float> read(Buffer buffer, std::int64_t rows) const override;
    [[nodiscard]] std::vector<PreparedRow> read(Prepared prepared,
                                                std::int64_t rows) const override;

    /// See Backend::run.
    bool run(const Step& step, const std::stop_token& stop);

    // For the recorder.
    using Operation = std::function<void(const HostRun&)>;
    [[nodiscard]] HostMachine& machine() const { return machine_; }
    void append(Operation operation) { operations_.push_back(std::move(operation)); }
    Buffer addBuffer(std::int64_t cols);
    [[nodiscard]] float* data(Buffer buffer);
    PreparedRows& addPrepared(const HostInputs& input, const NormSpec& norm, int bits, int batch);
    [[nodiscard]] Prepared lastPrepared() const;
    [[nodiscard]] PreparedRows& prepared(Prepared prepared);
    RotaryTable& rotary(std::span<const float> frequencies);
    const HostInputs& addInput(const HostInput& input) { return ownInputs_.emplace_back(input); }
    /// The plan will produce logits: at most one call.
    AlignedVector<float>& addLogits(std::int64_t vocabulary, int rows);
    void setLogitRows(int rows);
    [[nodiscard]] contract::StepRules& rules() { return rules_; }

private:
    [[nodiscard]] HostRun checked(const Step& step) const;

    HostMachine& machine_;
    int batch_;
    std::vector<AlignedVector<float>> buffers_;
    std::vector<std::int64_t> bufferCols_;
    std::deque<PreparedRows> prepared_;
    std::deque<RotaryTable> rotaries_;
    std::deque<HostInputs> ownInputs_;
    std::vector<Operation> operations_;
    AlignedVector<float> logitStore_;
    std::int64_t logitCols_ = 0;
    std::span<const float> logits_;
    contract::StepRules rules_;
};

} // namespace bwla
