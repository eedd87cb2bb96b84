// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/context_use.h"

#include <QObject>
#include <QString>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace bwla::ui {

/// What to count: the conversation of each model that will answer.
struct CountRequest {
    struct Model {
        std::string path;
        std::vector<ChatMessage> messages; ///< without the draft
    };
    std::vector<Model> models;
    QString draft;
    std::string otherTemplate{};
};

/// What a model of the chat occupies when it is loaded.
struct ModelMemory {
    std::string path;
    std::int64_t bytes = 0;              ///< with a cache of 16 bits
    std::int64_t bytesWithByteCache = 0; ///< of 8
};

/// For the model in whose context the conversation takes most room.
struct ContextCount {
    QString draft;                     ///< that was counted
    ContextUse use{};                  ///< capacity 0 = nothing is known
    QString rendered;                  ///< what that model will read
    QString error;                     ///< a sentence: no template, a bad one, a model that is gone
    std::vector<ModelMemory> memory{}; ///< of all models asked about
};

/// Renders and counts on a thread of its own while the user types; the latest request wins.
/// Tokenizers are read once a model. Window thread.
class ContextCounter : public QObject {
    Q_OBJECT

public:
    explicit ContextCounter(QObject* parent = nullptr);
    ~ContextCounter() override;
    void ask(CountRequest request);

Q_SIGNALS:
    void counted(const bwla::ui::ContextCount& count);

private:
    void work(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any asked_;
    std::optional<CountRequest> request_;
    std::jthread thread_; ///< last: it uses the others
};

} // namespace bwla::ui
