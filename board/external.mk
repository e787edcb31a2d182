include $(sort $(wildcard $(BR2_EXTERNAL_DKVM_PATH)/package/*/*.mk))
