// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/engine_device.h"
#include "core/engine/session.h"
#include "core/model/open_model.h"
#include "core/text/tokenizer.h"

#include <array>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string>

namespace bwla {

enum class ChatSide : std::uint8_t { original, quantized };
inline constexpr std::array chatSides{ChatSide::original, ChatSide::quantized};

/// A model with a cache, ready to answer. Originals run with F16 weights.
class ChatModel {
public:
    /// `loaded` hears the share of layers uploaded. Throws what OpenModel, Tokenizer and
    /// Transformer throw; Cancelled within one weight's upload of a stop.
    ChatModel(Backend& backend, const std::string& path, const std::function<void(double)>& loaded,
              const std::stop_token& stop);

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::int64_t fileBytes() const { return fileBytes_; }
    [[nodiscard]] const std::string& format() const { return transformer_->format(); }
    /// Outlives the model for who keeps it.
    [[nodiscard]] std::shared_ptr<const Tokenizer> tokenizer() const { return tokenizer_; }
    /// Of the conversation.
    [[nodiscard]] Session& session() { return *session_; }
    /// A second cache, made when first asked for: to read another model's conversation without
    /// losing the own one.
    [[nodiscard]] Session& listener();
    /// Weights and caches.
    [[nodiscard]] std::int64_t memoryBytes() const;

private:
    ChatModel(Backend& backend, const std::string& path, OpenModel model,
              const std::function<void(double)>& loaded, const std::stop_token& stop);

    std::string path_;
    std::string name_;
    std::int64_t fileBytes_ = 0;
    std::shared_ptr<const Tokenizer> tokenizer_;
    std::unique_ptr<Transformer> transformer_;
    std::unique_ptr<Session> session_, listener_;
};

/// Bytes that a ChatModel of this model will occupy, from its shapes: weights (F16 of an original,
/// an artifact's as they are on disk) and one cache of `context` positions of 16 or 8 bits. At most
/// the greatest number there is.
[[nodiscard]] std::int64_t expectedChatMemory(const OpenModel& model, std::int64_t context,
                                              int cacheBits);

/// For when a device has failed and the processor is to hold the model: throws Error{outOfMemory},
/// beginning with `failure`, where its memory has not that much left.
void checkProcessorHolds(const OpenModel& model, std::int64_t context, int cacheBits,
                         const std::string& failure);

/// The backend and the models of the chats, kept from one answer to the next. One thread at a
/// time.
class ChatRoom {
public:
    using BackendMaker = std::function<std::unique_ptr<Backend>(const EngineChoice&)>;
    explicit ChatRoom(BackendMaker newBackend) : newBackend_(std::move(newBackend)) {}

    /// What to compute on from now on. Another choice than before, or `again` after fallBack():
    /// backend and models go.
    void use(const EngineChoice& choice, bool again = false);
    /// From now on the processor; backend and models go. False where it is in use already.
    bool fallBack();

    /// Loads the model unless it is there; the side's former model goes first. Throws what
    /// ChatModel throws; Cancelled within milliseconds of a stop, however large the weight in work
    /// is: what is left of it ends on a thread of its own, which the next call waits for.
    ChatModel& open(ChatSide side, const std::string& path,
                    const std::function<void(double)>& loaded, const std::stop_token& stop);
    /// Null where none is loaded.
    [[nodiscard]] ChatModel* model(ChatSide side) const {
        return models_[static_cast<std::size_t>(side)].get();
    }
    /// Made at the first call. Throws KernelError.
    [[nodiscard]] Backend& backend();

private:
    void clear();
    /// Waits for a model that nobody wants any more.
    void finishAbandoned();

    BackendMaker newBackend_;
    EngineChoice wanted_;
    EngineChoice used_; ///< `wanted_`, or the processor instead
    std::unique_ptr<Backend> backend_;
    std::array<std::unique_ptr<ChatModel>, chatSides.size()> models_;
    std::future<std::unique_ptr<ChatModel>> loading_; ///< last: it uses the others
};

} // namespace bwla
