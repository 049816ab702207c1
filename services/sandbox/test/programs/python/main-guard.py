# from: ggml-org/llama.cpp#11762
# stdout: ^ran\n$

def main():
    print("ran")

if __name__ == "__main__":
    main()
