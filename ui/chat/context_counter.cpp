// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/context_counter.h"

#include "core/chat/chat_room.h"
#include "core/engine/chat_prompt.h"
#include "core/engine/session.h"
#include "core/error_text.h"
#include "core/model/open_model.h"

#include <map>

namespace bwla::ui {
namespace {

struct Reader {
    Tokenizer tokenizer;
    std::int64_t capacity;
    std::int64_t bytes, bytesWithByteCache; ///< loaded
};

/// Tokenizers of the models asked about so far.
class Readers {
public:
    Reader& of(const std::string& path) {
        auto found = readers_.find(path);
        if (found == readers_.end()) {
            const OpenModel model(path);
            const std::int64_t capacity = defaultCapacity(model.config());
            found = readers_
                        .emplace(path, Reader{Tokenizer(model.tokenizer()), capacity,
                                              expectedChatMemory(model, capacity, 16),
                                              expectedChatMemory(model, capacity, 8)})
                        .first;
        }
        return found->second;
    }

private:
    std::map<std::string, Reader> readers_;
};

ContextCount countFor(Reader& reader, const CountRequest::Model& model,
                      const CountRequest& request) {
    std::vector<ChatMessage> messages = model.messages;
    messages.push_back({"user", request.draft.toStdString()});
    const std::string& other = request.otherTemplate;
    return {.draft = request.draft,
            .use = contextUse(reader.tokenizer, messages, reader.capacity, other),
            .rendered =
                QString::fromStdString(renderPrompt(reader.tokenizer.data(), messages, other)),
            .error = {}};
}

ContextCount countAll(Readers& readers, const CountRequest& request) {
    ContextCount most{.draft = request.draft, .rendered = {}, .error = {}};
    try {
        std::vector<ModelMemory> memory;
        for (const CountRequest::Model& model : request.models) {
            Reader& reader = readers.of(model.path);
            memory.push_back({model.path, reader.bytes, reader.bytesWithByteCache});
            const ContextCount count = countFor(reader, model, request);
            if (most.use.capacity == 0 || count.use.excess() > most.use.excess())
                most = count;
        }
        most.memory = std::move(memory);
    } catch (const Error& error) {
        most.error = QString::fromStdString(sentence(error));
    } catch (const std::exception& error) {
        most.error = QString::fromUtf8(error.what());
    }
    return most;
}

} // namespace

ContextCounter::ContextCounter(QObject* parent)
    : QObject(parent), thread_([this](const std::stop_token& stop) { work(stop); }) {}

ContextCounter::~ContextCounter() {
    thread_.request_stop();
    thread_.join();
}

void ContextCounter::ask(CountRequest request) {
    {
        const std::lock_guard lock(mutex_);
        request_ = std::move(request);
    }
    asked_.notify_one();
}

void ContextCounter::work(const std::stop_token& stop) {
    Readers readers;
    for (;;) {
        CountRequest request;
        {
            std::unique_lock lock(mutex_);
            if (!asked_.wait(lock, stop, [this] { return request_.has_value(); }))
                return;
            request = std::move(*request_);
            request_.reset();
        }
        const ContextCount count = countAll(readers, request);
        QMetaObject::invokeMethod(
            this, [this, count] { Q_EMIT counted(count); }, Qt::QueuedConnection);
    }
}

} // namespace bwla::ui
