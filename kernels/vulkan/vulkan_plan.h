// SPDX-License-Identifier: GPL-3.0-or-later
//
// A recorded forward pass on a device: buffers, command buffers that are submitted again and again,
// and one small block of memory that the host writes before each run.
#pragma once

#include "kernels/backend.h"
#include "kernels/contract.h"
#include "kernels/vulkan/command_writer.h"
#include "kernels/vulkan/vulkan_weights.h"

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>

namespace bwla::vulkan {

/// First bytes of the block (shaders/common.glsl, Run).
struct RunHeader {
    std::int32_t rows = 0;
    std::int32_t position = 0;
    std::int32_t capacity = 0;  ///< positions of the cache
    std::int32_t likeliest = 0; ///< tokens that are asked for
    Address layers = 0;         ///< of the cache
};

struct ProductGroup;

/// The prepared input of one group: where prepare writes and linear reads.
struct PreparedRows {
    const DeviceInputs* input = nullptr;
    int bits = 16;
    int batch = 1;
    bool scaled = false;                   ///< levels times 4, 2, 1, see shaders/prepare.comp
    bool keepFloats = false;               ///< a consumer reads x'' although it is quantized
    bool halved = false;                   ///< a consumer reads x'' as halves, behind `values`
    std::size_t firstUse = 0, lastUse = 0; ///< operations between which `values` is needed
    /// Products recorded right behind it, and those that were written together with it.
    std::shared_ptr<const ProductGroup> next, made;
    Address borrowed = 0; ///< not 0: x'' is what this buffer holds, nothing is prepared
    Piece values; ///< batch rows of stride() floats; shared among inputs whose uses do not overlap.
                  ///< Where halved as many halves follow
    Piece encoded; ///< batch rows of stride() bytes, bits < 16
    Piece meta;    ///< batch rows of preparedMetaWords + rank words

    [[nodiscard]] std::int64_t stride() const { return activationStride(input->cols()); }
    [[nodiscard]] Address floats() const { return borrowed != 0 ? borrowed : values.address(); }
    [[nodiscard]] Address halves() const {
        return halved ? values.address() + static_cast<Address>(batch * stride() * 4) : 0;
    }
    [[nodiscard]] bool writesFloats() const { return bits >= 16 || keepFloats; }
};

class VulkanPlan final : public Plan {
public:
    /// timed: says where the time of its runs goes.
    VulkanPlan(Machine& machine, int batch, bool timed = false);
    ~VulkanPlan() override;

    [[nodiscard]] int batch() const override { return rules_.batch; }
    [[nodiscard]] std::span<const float> logits() const override { return logits_; }
    [[nodiscard]] std::span<const TokenLogit> likeliest() const override { return likeliest_; }
    void write(Buffer buffer, std::span<const float> values) override;
    [[nodiscard]] std::vector<float> read(Buffer buffer, std::int64_t rows) const override;
    [[nodiscard]] std::vector<PreparedRow> read(Prepared prepared,
                                                std::int64_t rows) const override;

    [[nodiscard]] std::vector<WorkTime> times() const override;

    /// See Backend::run.
    bool run(const Step& step, const std::stop_token& stop);

    // For the recorder. Operations are encoded after the last verb, when it is known who reads
    // what.
    using Operation = std::function<void(CommandWriter&)>;
    [[nodiscard]] Machine& machine() const { return machine_; }
    [[nodiscard]] contract::StepRules& rules() { return rules_; }
    [[nodiscard]] std::size_t operations() const { return operations_.size(); }
    void append(Operation operation) { operations_.push_back(std::move(operation)); }
    Buffer addBuffer(std::int64_t cols);
    [[nodiscard]] Address address(Buffer buffer) const;
    /// An operation of a single row may take places for so many words (takePlace).
    void reserve(std::int64_t words);
    [[nodiscard]] Prepared addPrepared(const DeviceInputs& input, int bits, int batch);
    [[nodiscard]] PreparedRows& prepared(Prepared prepared);
    [[nodiscard]] const DeviceInputs& addInput(const HostInput& input);
    [[nodiscard]] Address addConstants(std::span<const std::byte> bytes); ///< 0 = none
    [[nodiscard]] Address addFloats(std::span<const float> values) {
        return addConstants(std::as_bytes(values));
    }
    /// Index of the table of these frequencies.
    [[nodiscard]] std::size_t addRotary(std::span<const float> frequencies);
    /// Logits of 1 or batch rows, which `head` writes to an address: at most one call.
    using Head = std::function<void(CommandWriter&, Address logits)>;
    void addLogits(std::int64_t vocabulary, int rows, Head head);
    void encode();

    // For operations, while they are encoded.
    [[nodiscard]] Address runAddress() const { return block_.address(); }
    [[nodiscard]] Address tokensAddress() const;
    [[nodiscard]] Address rotaryAddress(std::size_t table) const;
    [[nodiscard]] Address scratchAddress(std::int64_t floats);
    /// Words that are 0 at the start of every run and belong to who asks (shaders/waiting.glsl).
    [[nodiscard]] Address takePlace(std::int64_t words);
    /// Where the values of a buffer are: in its own memory, or at the place that it moved to.
    [[nodiscard]] Address now(Address buffer) const;
    /// Whether they carry flags there.
    [[nodiscard]] bool flagged(Address buffer) const;
    /// A dispatch writes them to `place`, with flags; another one where they are, without.
    void moves(Address buffer, Address place) { now_[buffer] = {place, true}; }
    void losesFlags(Address buffer);
    /// Dispatches over the rows of a run; directly where a plan has one row.
    void dispatchRows(CommandWriter& writer, RowGrid grid);

private:
    struct Place {
        Address at = 0;
        bool flagged = false;
    };
    struct Rotary {
        std::vector<float> frequencies;
        std::int64_t offset = 0; ///< in the block
    };
    void encodeAll();
    [[nodiscard]] bool findsLikeliest() const { return !tails_[1].empty(); }
    bool submit(std::span<const VkCommandBuffer> tail, const std::stop_token& stop);
    [[nodiscard]] bool readLikeliest();
    void discard();
    void writeGrid(std::size_t index, std::int32_t rows);
    void placeBlock();
    void placeValues();
    void writeBlock(const Step& step, const DeviceCache* cache);
    /// Of a buffer that moved, in places_.
    [[nodiscard]] std::optional<std::int64_t> placeOffset(const Piece& buffer) const;

    Machine& machine_;
    contract::StepRules rules_;
    std::unique_ptr<WorkClock> clock_; ///< null = not timed
    std::vector<Piece> buffers_;
    std::vector<std::int64_t> bufferCols_;
    std::deque<PreparedRows> prepared_;
    std::deque<DeviceInputs> ownInputs_;
    std::vector<Piece> constants_;
    std::vector<Rotary> rotaries_;
    std::vector<Operation> operations_;
    std::vector<RowGrid> grids_;
    Piece block_, scratch_, logitStore_;
    Piece places_;
    std::int64_t reserved_ = 0, placed_ = 0; ///< bytes of places_
    std::unordered_map<Address, Place> now_;
    Head head_;
    std::size_t headAt_ = 0;                ///< operations before it
    Piece deviceLogits_, greatest_, found_; ///< for the likeliest tokens (shaders/top.comp)
    std::int64_t tokensOffset_ = 0;
    std::vector<VkCommandBuffer> commands_;
    /// What comes after: the head with all logits for the host, or with the likeliest alone. Empty
    /// where the head is among commands_.
    std::array<std::vector<VkCommandBuffer>, 2> tails_;
    std::int64_t vocabulary_ = 0; ///< of the head
    int logitRows_ = 0;           ///< 1 or batch
    std::span<const float> logits_;
    std::vector<TokenLogit> likeliest_;
};

} // namespace bwla::vulkan
