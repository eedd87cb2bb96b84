// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/chat/chat_job.h"
#include "core/store/chat_store.h"
#include "ui/chat/chat_options.h"
#include "ui/chat/chat_turn.h"
#include "ui/chat/context_counter.h"
#include "ui/studio/services.h"
#include "ui/widgets/job_bridge.h"

#include <QObject>

#include <array>
#include <optional>

namespace bwla::ui {

/// What a side is doing.
enum class SidePhase : std::uint8_t { idle, waiting, loading, reading, writing, comparing };

struct SideStatus {
    SidePhase phase = SidePhase::idle;
    double loaded = 0.0; ///< share, while loading
    std::int64_t promptRead = 0, promptTokens = 0;
    double decodeSpeed = 0.0; ///< tokens a second so far, 0 = nothing measured
};

/// Before loading; 0 where nothing is known.
struct MemoryNeed {
    double needed = 0.0;    ///< by models that are not loaded yet
    double available = 0.0; ///< without swapping; on a GPU, of its own
    QString device{};       ///< a GPU whose memory it is; empty = the machine's
    [[nodiscard]] bool fits() const { return needed <= available || available == 0.0; }
};

/// One chat at a time: its turns, what the models do to it, and the store behind it. Everything the
/// page shows can be had from here without a widget. Window thread.
class ChatController : public QObject {
    Q_OBJECT

public:
    explicit ChatController(Services& services, QObject* parent = nullptr);

    [[nodiscard]] ChatStore& store() { return store_; }
    [[nodiscard]] const ChatRecord& chat() const { return chat_; }
    [[nodiscard]] const ChatOptions& options() const { return options_; }
    [[nodiscard]] const std::vector<ChatTurn>& turns() const { return turns_; }
    [[nodiscard]] QString modelPath(ChatSide side) const;
    /// Whether the mode asks this side, and it has a model.
    [[nodiscard]] bool takesPart(ChatSide side) const;
    [[nodiscard]] const SideStatus& status(ChatSide side) const;
    [[nodiscard]] bool running() const { return bridge_.running(); }
    /// An answer in view is not in the store: its disk is full or cannot be written.
    [[nodiscard]] bool unsaved() const { return unsaved_; }
    /// Last count of the draft; use.excess() > 0 blocks sending.
    [[nodiscard]] const ContextCount& count() const { return count_; }

    void newChat(); ///< with the models and options of the one before
    void openChat(std::int64_t id);
    void setModel(ChatSide side, const QString& path);
    void setOptions(const ChatOptions& options);

    /// Where the models compute (core/engine/engine_device.h), remembered for all chats.
    [[nodiscard]] std::string device() const;
    [[nodiscard]] QString deviceName() const;
    void setDevice(const std::string& id, const QString& name);
    /// Bits of keys and values in the caches, 16 or 8, remembered for all chats.
    [[nodiscard]] int cacheBits() const;
    void setCacheBits(int bits);
    void tryDeviceAgain() { deviceAgain_ = true; } ///< with the next answer
    /// Device and kernels of the last answer; empty = none yet.
    [[nodiscard]] const QString& deviceInUseText() const { return running_; }
    [[nodiscard]] const KernelReport& kernelsInUse() const { return kernels_; }
    /// The memory that counts is that of this device; nullopt or none known = the machine's.
    void setMemoryOf(const std::optional<EngineDevice>& device) { memoryOf_ = device; }
    /// Bytes that the models of the chat still need, and that the machine or the GPU has.
    [[nodiscard]] MemoryNeed memoryNeed() const;

    /// Counts the draft in the background; contextCounted follows.
    void setDraft(const QString& text);
    /// Sends once the text is counted and fits. Otherwise contextCounted says what is wrong.
    void send(const QString& text);
    void stop();
    /// Answers the turn again as a new version.
    void regenerate(std::size_t turn);
    /// What is written from now on is a new version of this turn's message, counted and sent as
    /// such; nullopt = a new message.
    void setEdited(std::optional<std::size_t> turn);
    [[nodiscard]] bool editing() const { return edited_ != 0; }
    /// The next message goes on from this turn's answer; what follows now stays as a version.
    void branch(std::size_t turn);
    /// The version before (-1) or after (+1), of the answer or of the user's message.
    void showVersion(std::size_t turn, bool ofAnswer, int step);
    /// Removes the turn (this version of it) and what follows; undoRemove() brings it back.
    void removeTurn(std::size_t turn);
    void undoRemove();
    /// The models no longer read the two oldest messages they still read (a turn).
    void dropOldest();

Q_SIGNALS:
    void chatChanged();                      ///< another chat, turn or version is in view
    void answerChanged(bwla::ChatSide side); ///< text or numbers of the last turn's answer
    void statusChanged();                    ///< of a side, or running
    void speedMeasured(bwla::ChatSide side, double seconds, double tokensPerSecond);
    void answerBegins(bwla::ChatSide side);
    void historyChanged(); ///< a chat came, went, or has another name
    void contextCounted();
    void deviceInUse(const QString& device);
    void deviceFailed(const QString& reason); ///< the processor took over
    void sent();                              ///< the draft is a message now
    void turnRemoved();
    void failed(const QString& sentence);

private:
    void reload();
    void readTurns();
    /// The turns that what is written follows: all of them, or those before the edited one.
    [[nodiscard]] std::span<const ChatTurn> turnsBefore() const;
    void saveChat();
    void askCount(const QString& draft);
    void countArrived(const ContextCount& count);
    /// What the store refuses (a full disk) is told, not thrown through the event loop.
    void guarded(const std::function<void()>& work);
    void add(const QString& text, std::int64_t parent);
    void answerLast();
    void apply(std::vector<ChatEvent> events);
    void apply(const ChatLoading& event);
    void apply(const ChatBegins& event);
    void apply(const ChatWriting& event);
    void apply(const ChatAnswered& event);
    void apply(const ChatComparing& event);
    void apply(const ChatCompared& event);
    void apply(const ChatFellBack& event);
    void finish(const Outcome<int>& outcome);
    [[nodiscard]] std::optional<ChatAnswer>& answer(ChatSide side);
    void save(ChatSide side);
    /// Keeps what a full disk kept from being saved; false, and failed(), where it still does.
    bool saveLeft();
    void goTo(std::int64_t leaf);
    SideStatus& statusOf(ChatSide side) { return status_[static_cast<std::size_t>(side)]; }

    Services& services_;
    ChatStore store_;
    std::shared_ptr<ChatRoom> room_;
    ChatRecord chat_;
    ChatOptions options_;
    std::vector<ChatTurn> turns_;
    std::array<SideStatus, chatSides.size()> status_;
    std::optional<QString> pending_;                   ///< sent, but not counted yet
    std::int64_t edited_ = 0;                          ///< message, 0 = none
    std::int64_t removed_ = 0;                         ///< message that undoRemove() brings back
    std::array<std::string, chatSides.size()> loaded_; ///< models in memory
    QString running_;
    KernelReport kernels_;
    std::optional<EngineDevice> memoryOf_;
    bool deviceAgain_ = false;
    bool unsaved_ = false; ///< something of the last turn's answers
    ContextCount count_;
    ContextCounter counter_;
    JobBridge bridge_; ///< last: its thread uses the others
};

} // namespace bwla::ui
