// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/studio/page.h"
#include "ui/studio/services.h"

class QComboBox;
class QPushButton;
class QStackedWidget;
class QTabBar;

namespace bwla::ui {

class ActivationMapCard;
class Banner;
class ChannelCard;
class LayerPanel;
class TailCard;
class RecordNow;
class TimelineCard;

/// What happened to the weights of a quantized model: layers left, the channel in the middle, its
/// activations right. In a narrow window one card at a time behind tabs.
class InspectPage : public Page {
    Q_OBJECT

public:
    explicit InspectPage(Services& services, QWidget* parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Inspect"); }
    [[nodiscard]] QString iconName() const override { return "inspect"; }
    QWidget* headerContext() override;
    QList<QWidget*> headerActions() override;
    void activated() override;
    [[nodiscard]] QList<std::pair<QString, QString>> keys() const override;

    [[nodiscard]] QSize minimumSizeHint() const override;

    /// Shows a quantized model (a folder), with what its recorded run knows of it.
    void inspect(const QString& artifact);
    [[nodiscard]] LayerPanel& layers() const { return *layers_; }
    [[nodiscard]] ChannelCard& channel() const { return *channel_; }
    [[nodiscard]] TimelineCard& timeline() const { return *timeline_; }

protected:
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void layOut();
    QWidget* emptyState();
    void connectReader();
    void addKeys();
    void fillModels();
    void showOpened(const OpenedModel& model);
    void askForOriginal(const QString& artifact);
    void useOriginal(const QString& artifact, const QString& original);
    void openFolder();
    void requestChannel();
    void goToWorst();
    void arrange();
    void exportMenu();
    void exportLayers();
    bool letter(int key);

    Services& services_;
    InspectReader reader_;
    QComboBox* models_;
    QPushButton* export_;
    QPushButton* chat_;
    QStackedWidget* stack_;
    Banner* banner_;
    QTabBar* tabs_;
    LayerPanel* layers_;
    ChannelCard* channel_;
    TimelineCard* timeline_;
    ActivationMapCard* maps_;
    TailCard* tails_;
    RecordNow* record_;
    QWidget* centre_;
    QWidget* right_;
    QString artifact_; ///< asked for
    std::optional<OpenedModel> open_;
    std::optional<LayerId> layer_; ///< that the reader has opened
};

} // namespace bwla::ui
