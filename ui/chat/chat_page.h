// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/chat_controller.h"
#include "ui/chat/turn_view.h"
#include "ui/studio/page.h"
#include "ui/studio/services.h"

class QPushButton;
class QSplitter;

namespace bwla::ui {

class Banner;
class ChatHistory;
class ChatPane;
class ChatFinder;
class Composer;
class FindBar;
class Instruments;
class ModeBar;
class OptionsPanel;

/// Original and quantized model answering the same prompt.
class ChatPage : public Page {
    Q_OBJECT

public:
    explicit ChatPage(Services& services, QWidget* parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Chat"); }
    [[nodiscard]] QString iconName() const override { return "chat"; }
    QWidget* headerContext() override;
    QList<QWidget*> headerActions() override;
    void activated() override;
    bool escape() override;
    [[nodiscard]] QList<std::pair<QString, QString>> keys() const override;

    /// A new chat with these models; either may be empty.
    void openChat(const QString& originalPath, const QString& quantizedPath);

    [[nodiscard]] ChatController& controller() { return controller_; }
    [[nodiscard]] ChatPane* pane(ChatSide side) const {
        return panes_[static_cast<std::size_t>(side)];
    }
    [[nodiscard]] Composer* composer() const { return composer_; }
    [[nodiscard]] ChatHistory* history() const { return history_; }
    [[nodiscard]] OptionsPanel* options() const { return options_; }
    [[nodiscard]] Instruments* instruments() const { return instruments_; }
    [[nodiscard]] Banner* banner() const { return banner_; }
    [[nodiscard]] Banner* memoryBanner() const { return memory_; }
    [[nodiscard]] Banner* deviceBanner() const { return device_; }
    [[nodiscard]] FindBar* findBar() const { return find_; }
    [[nodiscard]] std::optional<QString> reasonToStay() const override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void makeHeader();
    void layOut();
    void startNew();
    void connectController();
    void connectParts();
    void connectHeader();
    void connectComposer();
    void connectOptions();
    void connectPanes();
    void addKeys();
    void fitWidth();
    void showChat();
    void showStatus();
    void showMode();
    void follow();
    void act(std::size_t turn, ChatSide side, TurnAction action);
    void startEdit(std::size_t turn);
    void send(const QString& text);
    void openPanel(int tab);
    void closePanel();
    void exportAs();
    void showFailure(const QString& sentence);
    void showDeviceFailure(const QString& reason);
    void showMemory();
    void offerUndo();

    Services& services_;
    ChatController controller_;
    ModeBar* modes_;
    QPushButton *export_, *new_, *historyToggle_, *otherSide_;
    QSplitter* columns_;
    ChatHistory* history_;
    std::array<ChatPane*, chatSides.size()> panes_{};
    Banner *banner_, *memory_, *device_;
    FindBar* find_;
    ChatFinder* finder_ = nullptr;
    OptionsPanel* options_;
    Composer* composer_;
    Instruments* instruments_;
    QWidget* instrumentsColumn_ = nullptr;
    /// Models asked for while an answer was being stopped.
    std::optional<std::pair<QString, QString>> nextModels_;
    bool wasRunning_ = false;
    bool linking_ = false;                     ///< one pane scrolls the other
    bool historyWanted_ = false;               ///< opened by hand in a narrow window
    ChatSide frontSide_ = ChatSide::quantized; ///< the pane in view in a very narrow window
};

} // namespace bwla::ui
